-- How the run was made, as JSON: one row.
CREATE TABLE about (about TEXT NOT NULL) STRICT;

CREATE TABLE queries (
  query   TEXT PRIMARY KEY,
  source  TEXT NOT NULL,
  text    TEXT NOT NULL,
  cluster INTEGER NOT NULL,          -- of its source, from 0
  size    INTEGER NOT NULL           -- texts of the source that the query stands for
) STRICT, WITHOUT ROWID;

CREATE TABLE conditions (
  condition TEXT PRIMARY KEY,        -- default, anchor:svt/self-enhancement/power:+2
  regime    TEXT NOT NULL,
  value_ids TEXT NOT NULL,           -- JSON list
  targets   TEXT NOT NULL,           -- JSON list of -2, -1, 1, 2: one a value; empty for the default
  prompt    TEXT NOT NULL,           -- file and version
  hash      TEXT NOT NULL,           -- SHA-256 of the prompt file
  skipped   TEXT NOT NULL            -- why nothing was asked under it; else empty
) STRICT, WITHOUT ROWID;

CREATE TABLE answers (
  query     TEXT NOT NULL,
  condition TEXT NOT NULL,
  asked     TEXT NOT NULL,           -- the whole prompt
  texts     TEXT NOT NULL,           -- JSON list: text_ids that the prompt quotes
  text      TEXT NOT NULL,
  finish    TEXT NOT NULL,           -- stop, length or another of the endpoint's
  refusal   TEXT NOT NULL,           -- refused, answered, unusable; empty where there is no text
  error     TEXT NOT NULL,           -- why there is no text
  tokens    INTEGER NOT NULL,        -- written
  model     TEXT NOT NULL,           -- as what answered names itself
  PRIMARY KEY (query, condition)
) STRICT, WITHOUT ROWID;

CREATE TABLE scores (
  query     TEXT NOT NULL,
  condition TEXT NOT NULL,
  value_id  TEXT NOT NULL,
  judge     TEXT NOT NULL,
  score     REAL,                    -- -10 ... 10; NULL: nothing tells
  lo        REAL,                    -- 95 %
  hi        REAL,
  se        REAL,
  beta      REAL,                    -- the judge's sharpness on this value
  status    TEXT NOT NULL,           -- ok, above, below, unranked, empty
  asked     INTEGER NOT NULL,        -- windows
  used      INTEGER NOT NULL,
  PRIMARY KEY (query, condition, value_id, judge)
) STRICT, WITHOUT ROWID;

CREATE TABLE ablation (
  query    TEXT NOT NULL,
  value_id TEXT NOT NULL,
  judge    TEXT NOT NULL,
  panel    TEXT NOT NULL,
  k        INTEGER NOT NULL,
  m        INTEGER NOT NULL,
  seed     INTEGER NOT NULL,
  score    REAL,
  status   TEXT NOT NULL,
  PRIMARY KEY (query, value_id, judge, panel, k, m, seed)
) STRICT, WITHOUT ROWID;
