-- One row a fact about the file as a whole: 'model', 'data', 'build' (JSON) and 'sha256' (of the content).
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
  kind       TEXT NOT NULL,        -- directional, prototype, absent
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
  vector     BLOB                  -- float32, little-endian, of unit length; NULL where absent
) STRICT;

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
