/** One script per format of `runs.db`; `user_version` counts those that ran. Never change one that was released: add one. */
export const RUN_MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE runs (
    run INTEGER PRIMARY KEY,
    run_id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    -- JSON: what the creator told about it.
    about TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    exit_code INTEGER,
    created_at REAL NOT NULL,
    started_at REAL,
    finished_at REAL,
    request_key TEXT UNIQUE,
    -- Everything up to here is in chunks.
    checkpoint_seq INTEGER NOT NULL DEFAULT 0,
    -- JSON: the last row, as of the checkpoint.
    latest TEXT
  );
  CREATE INDEX runs_by_age ON runs(created_at, run);
  -- The log. One entry is one event, or a batch of rows numbered seq - row_count + 1 to seq.
  CREATE TABLE entries (
    run INTEGER NOT NULL REFERENCES runs(run),
    seq INTEGER NOT NULL,
    row_count INTEGER NOT NULL,
    kind TEXT NOT NULL,
    at REAL NOT NULL,
    body BLOB NOT NULL
  );
  CREATE UNIQUE INDEX entries_by_run ON entries(run, seq);
  CREATE INDEX entries_by_kind ON entries(run, kind, seq) WHERE kind <> 'points';
  CREATE TABLE producers (
    run INTEGER NOT NULL REFERENCES runs(run),
    producer TEXT NOT NULL,
    ranges TEXT NOT NULL,
    PRIMARY KEY (run, producer)
  ) WITHOUT ROWID;
  CREATE TABLE series (
    series INTEGER PRIMARY KEY,
    run INTEGER NOT NULL REFERENCES runs(run),
    key TEXT NOT NULL,
    -- JSON, as of the checkpoint.
    summary TEXT NOT NULL,
    UNIQUE (run, key)
  );
  -- Points of one series by column. The last chunk of a series is replaced while it grows.
  CREATE TABLE chunks (
    series INTEGER NOT NULL REFERENCES series(series),
    chunk INTEGER NOT NULL,
    count INTEGER NOT NULL,
    seq_to INTEGER NOT NULL,
    step_min REAL NOT NULL,
    step_max REAL NOT NULL,
    body BLOB NOT NULL
  );
  CREATE UNIQUE INDEX chunks_by_series ON chunks(series, chunk);
  `,
  `
  ALTER TABLE runs ADD COLUMN archived_at REAL;
  CREATE INDEX series_by_key ON series(key);
  -- What a page keeps of how it shows runs: any JSON object.
  CREATE TABLE layouts (
    name TEXT PRIMARY KEY,
    body TEXT NOT NULL,
    updated_at REAL NOT NULL
  ) WITHOUT ROWID;
  `,
  `
  -- Buckets of one full chunk on the fixed grid, by step and by time since the run's start.
  CREATE TABLE roll_ups (
    series INTEGER NOT NULL,
    x TEXT NOT NULL,
    chunk INTEGER NOT NULL,
    seq_to INTEGER NOT NULL,
    step_max REAL NOT NULL,
    x_min REAL NOT NULL,
    x_max REAL NOT NULL,
    exponent INTEGER NOT NULL,
    body BLOB NOT NULL
  );
  -- Everything but the buckets: which of them a query needs is known without reading any.
  CREATE UNIQUE INDEX roll_ups_by_series ON roll_ups(series, x, chunk, seq_to, step_max, x_min, x_max, exponent);
  `,
  `
  -- Keys for reporters and readers; the key itself is not kept.
  CREATE TABLE access_keys (
    key_id TEXT PRIMARY KEY,
    hash TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    scope TEXT NOT NULL,
    created_at REAL NOT NULL,
    expires_at REAL
  ) WITHOUT ROWID;
  `,
];
