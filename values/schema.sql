-- One row a fact about the file as a whole: 'model', 'data', 'build', 'validation' (JSON; null where nothing was
-- held out) and 'sha256' (of the content).
CREATE TABLE about (
  key   TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT;

-- place keeps the order of the trees.
CREATE TABLE theories (
  place       INTEGER PRIMARY KEY,
  theory      TEXT NOT NULL UNIQUE,
  name        TEXT NOT NULL,
  level_names TEXT NOT NULL,       -- JSON array, coarse to fine
  row_count   INTEGER NOT NULL,
  mean        BLOB                 -- float32, little-endian; the centre of its prototypes
) STRICT;

-- Every node of every theory, parents before children.
CREATE TABLE value_vectors (
  place      INTEGER PRIMARY KEY,
  value_id   TEXT NOT NULL UNIQUE,
  theory     TEXT NOT NULL REFERENCES theories (theory),
  level      INTEGER NOT NULL,     -- 1 is the coarsest
  path       TEXT NOT NULL,        -- JSON array of names
  definition TEXT NOT NULL,
  works      TEXT NOT NULL,        -- JSON array
  kind       TEXT NOT NULL,        -- directional, prototype, unsupported, absent
  note       TEXT NOT NULL,        -- why it is not directional
  supports   INTEGER NOT NULL,
  opposes    INTEGER NOT NULL,
  neither    INTEGER NOT NULL,
  groups     INTEGER NOT NULL,
  corpora    TEXT NOT NULL,        -- JSON object: rows by corpus
  draws      INTEGER,              -- of the spread; the four are NULL together
  cosine     REAL,
  low        REAL,
  degrees    REAL,
  vector     BLOB,                 -- float32, little-endian, of unit length; NULL where absent or unsupported
  rests_on   TEXT NOT NULL,        -- JSON array: the corpora of a signed vector, their rows a side and weights
  evidence   TEXT NOT NULL,        -- JSON object of AUCs on held-out rows; null where nothing was held out
  background BLOB                  -- float32: 101 quantiles of the cosine over held-out texts
) STRICT;

-- Regressions that turn a text's vector into a probability. question is 'about' or 'supports' of a value, or 'sense',
-- the guard of a theory.
CREATE TABLE heads (
  value_id TEXT NOT NULL,          -- of a guard the theory
  question TEXT NOT NULL,
  facts    TEXT NOT NULL,          -- JSON: intercepts, calibration, reliability, AUC, counts
  weights  BLOB NOT NULL,          -- float32, little-endian
  PRIMARY KEY (value_id, question)
) STRICT, WITHOUT ROWID;

-- Sentences of the anchor banks.
CREATE TABLE anchors (
  bank       TEXT NOT NULL,        -- individual, theory
  id         INTEGER NOT NULL,
  kind       TEXT NOT NULL,
  text       TEXT NOT NULL,
  value_ids  TEXT NOT NULL,        -- JSON array
  count      INTEGER NOT NULL,     -- training texts of a cluster
  provenance TEXT NOT NULL,
  vector     BLOB NOT NULL,
  PRIMARY KEY (bank, id)
) STRICT, WITHOUT ROWID;
