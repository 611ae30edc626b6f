-- Where an event happened, for people who read the file: the format says it.
ALTER TABLE bettermode_webhook_events ADD COLUMN platform TEXT
    GENERATED ALWAYS AS (iif(format = 'circle', 'circle', 'bettermode')) VIRTUAL;
