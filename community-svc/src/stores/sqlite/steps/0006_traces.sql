-- The span that what is done for an event belongs under, a W3C traceparent; NULL where
-- nobody traces.
ALTER TABLE bettermode_webhook_events ADD COLUMN trace_parent TEXT;
