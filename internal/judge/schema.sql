-- What a run's answers depend on, without secrets; its id is a hash of it.
CREATE TABLE runs (
  run    TEXT PRIMARY KEY,
  kind   TEXT NOT NULL,               -- 'label'; later judges have their own
  config TEXT NOT NULL                -- JSON
) STRICT;

-- A text somebody is asked about.
CREATE TABLE items (
  item    TEXT PRIMARY KEY,           -- text_id of the text
  text    TEXT NOT NULL,
  grp     TEXT NOT NULL DEFAULT '',   -- what must not cross a split
  corpus  TEXT NOT NULL DEFAULT '',
  licence TEXT NOT NULL DEFAULT ''
) STRICT;

-- A prompt with the item's place left open: hash and item together give the request.
CREATE TABLE prompts (
  hash TEXT PRIMARY KEY,              -- SHA-256 of text, hex
  name TEXT NOT NULL,                 -- file and version, such as 'plain.v1'
  text TEXT NOT NULL
) STRICT;

-- One answer of one voter. An unusable answer has parsed = '' and says why in error.
CREATE TABLE votes (
  id         INTEGER PRIMARY KEY,
  run        TEXT NOT NULL REFERENCES runs,
  prompt     TEXT NOT NULL REFERENCES prompts,
  item       TEXT NOT NULL REFERENCES items,
  voter      TEXT NOT NULL,
  attempt    INTEGER NOT NULL,        -- from 1
  question   TEXT NOT NULL,           -- 'svt' at level 1, 'svt/conservation' below it, with '+neutral' or '+direction'
  raw        TEXT NOT NULL,
  parsed     TEXT NOT NULL,           -- JSON, or '' where raw could not be used
  error      TEXT NOT NULL DEFAULT '',
  model      TEXT NOT NULL DEFAULT '',-- as the endpoint names it
  tokens_in  INTEGER NOT NULL DEFAULT 0,
  tokens_out INTEGER NOT NULL DEFAULT 0,
  cost_micro INTEGER NOT NULL DEFAULT 0, -- millionths of the configured currency
  latency_ms INTEGER NOT NULL DEFAULT 0,
  at         TEXT NOT NULL,           -- RFC 3339, UTC
  UNIQUE (run, prompt, item, voter, attempt)
) STRICT;
CREATE INDEX votes_by_item ON votes (item, run);

-- What the panel could not decide, or what shall be reviewed for another reason.
CREATE TABLE queue (
  id      INTEGER PRIMARY KEY,
  kind    TEXT NOT NULL,              -- 'label' or 'anchor'
  run     TEXT NOT NULL,
  item    TEXT NOT NULL REFERENCES items,
  theory  TEXT NOT NULL,
  path    TEXT NOT NULL,              -- JSON array: the levels agreed on so far
  level   INTEGER NOT NULL,           -- 1–3: the level that is open; 0: only the direction is
  reason  TEXT NOT NULL,
  payload TEXT NOT NULL DEFAULT '',   -- JSON of other kinds
  UNIQUE (kind, run, item, theory)
) STRICT;

-- What a reviewer decided; an undone decision stays, with the time it was undone.
CREATE TABLE decisions (
  id        INTEGER PRIMARY KEY AUTOINCREMENT,
  queue     INTEGER NOT NULL REFERENCES queue,
  reviewer  TEXT NOT NULL,
  verdict   TEXT NOT NULL,            -- 'value', 'none' (no value of this theory) or 'skip'
  path      TEXT NOT NULL,            -- JSON array, [] unless the verdict is 'value'
  direction INTEGER NOT NULL,         -- +1, 0, −1
  note      TEXT NOT NULL DEFAULT '',
  at        TEXT NOT NULL,            -- RFC 3339, UTC
  undone_at TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX decisions_by_queue ON decisions (queue, reviewer);
