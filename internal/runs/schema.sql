-- A run is named by its folder: a copied folder is another run with the same run_id.
CREATE TABLE runs (
  id       INTEGER PRIMARY KEY,
  path     TEXT NOT NULL UNIQUE,  -- absolute
  run_id   TEXT NOT NULL,
  info     TEXT NOT NULL,         -- run.json
  config   TEXT NOT NULL,         -- config.toml
  problem  TEXT NOT NULL,         -- why the folder cannot be read, '' where it can
  weights  TEXT NOT NULL,         -- SHA-256 of the final weights, '' before the end
  log_size INTEGER NOT NULL,      -- bytes of metrics.jsonl that are taken in, whole lines only
  log_tail BLOB NOT NULL,         -- SHA-256 of the last of these bytes: tells a log that was cut and written on
  bad      INTEGER NOT NULL       -- whole lines that are no record
) STRICT;

-- "train loss", "validation ranking_accuracy.within_corpus"
CREATE TABLE figures (
  id   INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE points (
  run    INTEGER NOT NULL REFERENCES runs(id) ON DELETE CASCADE,
  figure INTEGER NOT NULL REFERENCES figures(id),
  step   INTEGER NOT NULL,
  value  REAL NOT NULL,
  PRIMARY KEY (run, figure, step)
) STRICT, WITHOUT ROWID;
