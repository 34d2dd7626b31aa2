-- One row a fact about the file as a whole: 'model', 'vidb', 'rows', 'rules' (JSON) and 'sha256' (of the content).
CREATE TABLE about (
  key   TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT;

-- Values that a text is compared with: all of a theory on the levels of the fitted ones.
CREATE TABLE nodes (
  place    INTEGER PRIMARY KEY,
  value_id TEXT NOT NULL UNIQUE,
  theory   TEXT NOT NULL,
  level    INTEGER NOT NULL,       -- 1 is the coarsest
  vector   BLOB NOT NULL           -- float64, little-endian
) STRICT;

-- Training texts of all values, by text_id. The texts themselves are not here.
CREATE TABLE texts (
  place   INTEGER PRIMARY KEY,
  text_id TEXT NOT NULL UNIQUE,
  vector  BLOB NOT NULL            -- float64, little-endian
) STRICT;

-- One row a value. The columns from lambda on are NULL together where the value is unsupported.
CREATE TABLE fitted_values (
  value_id    TEXT PRIMARY KEY,
  facts       TEXT NOT NULL,       -- JSON: name, counts, why it is unsupported, relevance, figures on held-out groups
  lambda      REAL,
  r2          REAL,                -- of the cross-validation that chose lambda
  q           REAL,                -- of the conformal interval
  rank        INTEGER,             -- among the calibration texts, of which q is that one's |y − ŷ|/σ
  intercept   REAL,
  weights     BLOB,                -- float64, little-endian
  residuals   BLOB                 -- float64: |out-of-fold residual| of each training text
) STRICT;

-- Which texts trained a value, in the order of its residuals.
CREATE TABLE trained (
  value_id TEXT NOT NULL REFERENCES fitted_values (value_id),
  place    INTEGER NOT NULL,
  text     INTEGER NOT NULL REFERENCES texts (place),
  PRIMARY KEY (value_id, place)
) STRICT, WITHOUT ROWID;
