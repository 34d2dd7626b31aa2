-- What one value's database was made of. Columns in JSON are written with sorted keys.
CREATE TABLE about (
  value_id        TEXT PRIMARY KEY,
  run             TEXT NOT NULL,   -- of the answers: the same texts and judges have the same run
  definition_hash TEXT NOT NULL,   -- SHA-256 of the value's definition
  pool_hash       TEXT NOT NULL,   -- SHA-256 of the pool's texts
  seed            INTEGER NOT NULL,
  k               INTEGER NOT NULL,
  m               INTEGER NOT NULL,
  format          TEXT NOT NULL,
  "order"         TEXT NOT NULL,
  judges          TEXT NOT NULL,   -- JSON
  prior           TEXT NOT NULL,
  solver          TEXT NOT NULL,
  calibration     TEXT NOT NULL,
  mean            REAL,            -- of the utilities, or what was subtracted in its place
  max_abs         REAL,            -- the largest distance from it
  neutral         REAL,            -- NULL where nothing tells
  licence         TEXT NOT NULL,
  settings        TEXT NOT NULL,   -- JSON: all else that was chosen
  report          TEXT NOT NULL    -- JSON: what came of it
) STRICT, WITHOUT ROWID;

-- What a judge was shown, one row for each judge and order.
CREATE TABLE windows (
  window   TEXT PRIMARY KEY,
  value_id TEXT NOT NULL,
  focal    TEXT NOT NULL,          -- text_id
  rep      INTEGER NOT NULL,
  judge    TEXT NOT NULL,
  "order"  TEXT NOT NULL,          -- JSON: text_ids as shown
  overlap  INTEGER NOT NULL        -- 1: all judges got it, in both orders
) STRICT;

-- What the judge answered; no row while it was not asked.
CREATE TABLE rankings (
  window  TEXT PRIMARY KEY,
  ranking TEXT NOT NULL,           -- JSON: text_ids, the most supportive first; [] without one
  tie     INTEGER NOT NULL,
  error   TEXT NOT NULL,           -- why the answer is unusable
  vote    TEXT NOT NULL            -- item, voter and attempt in the votes file; empty for people's grades
) STRICT;

CREATE TABLE scores (
  text_id     TEXT NOT NULL,
  value_id    TEXT NOT NULL,
  theta       REAL,                -- logits; NULL: unseen, or imported without
  se          REAL,
  se_kind     TEXT NOT NULL,
  appearances INTEGER NOT NULL,
  wins        INTEGER NOT NULL,
  losses      INTEGER NOT NULL,
  score       REAL,
  zeros       INTEGER NOT NULL,    -- voters that found the score implausible
  answers     INTEGER NOT NULL,    -- usable answers of voters
  human_mean  REAL,
  humans      INTEGER NOT NULL,
  final       REAL,
  status      TEXT NOT NULL,
  target      INTEGER NOT NULL,    -- 1: a row of the value names the text
  direction   INTEGER NOT NULL,
  corpus      TEXT NOT NULL,
  licence     TEXT NOT NULL,
  text        TEXT NOT NULL,
  "group"     TEXT NOT NULL,
  people      TEXT NOT NULL,       -- JSON: what people said of the text and the value; empty without
  PRIMARY KEY (value_id, text_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE judges (
  value_id    TEXT NOT NULL,
  judge       TEXT NOT NULL,
  answers     INTEGER NOT NULL,
  unusable    INTEGER NOT NULL,
  ties        INTEGER NOT NULL,
  first_share REAL,
  lo          REAL,
  hi          REAL,
  consistency REAL,
  beta        REAL,
  bias        TEXT NOT NULL,       -- JSON: of pairs one number, else one a place
  agreement   REAL,
  PRIMARY KEY (value_id, judge)
) STRICT, WITHOUT ROWID;
