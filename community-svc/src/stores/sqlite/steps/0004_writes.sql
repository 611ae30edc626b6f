-- Writes that callers named: open until it is known what came of them, then done
-- with the answer. No object of BetterMode's is the outcome of two of them.
CREATE TABLE bettermode_writes (
    request_id   TEXT PRIMARY KEY,
    method       TEXT NOT NULL,
    fingerprint  BLOB NOT NULL,
    effect       BLOB NOT NULL,
    begun_at     TEXT NOT NULL,
    changed_at   TEXT NOT NULL,
    holder       TEXT,
    held_until   TEXT,
    settled_from TEXT,
    object_id    TEXT,
    answer       BLOB,
    CHECK ((answer IS NULL) = (holder IS NOT NULL)),
    CHECK ((holder IS NULL) = (held_until IS NULL)),
    CHECK ((holder IS NULL) = (settled_from IS NULL))
) WITHOUT ROWID;
CREATE UNIQUE INDEX bettermode_writes_by_object
    ON bettermode_writes (object_id) WHERE object_id IS NOT NULL;
CREATE INDEX bettermode_writes_by_effect ON bettermode_writes (effect, changed_at);
CREATE INDEX bettermode_writes_by_age ON bettermode_writes (begun_at);
