/** One script per format of the data folder; `user_version` counts those that ran. Never change one that was released: add one. */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE sessions (
    session_id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    -- Last event before everybody left; NULL while somebody is attached.
    delivered_seq INTEGER,
    request_key TEXT UNIQUE
  );
  CREATE TABLE data (
    data_handle TEXT PRIMARY KEY,
    session_id TEXT NOT NULL REFERENCES sessions(session_id),
    name TEXT NOT NULL,
    row_count INTEGER NOT NULL,
    column_count INTEGER NOT NULL,
    fingerprint TEXT NOT NULL,
    warnings TEXT NOT NULL,
    folder TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    last_used_at INTEGER NOT NULL
  );
  CREATE INDEX data_by_session ON data(session_id);
  CREATE TABLE uploads (
    upload_id TEXT PRIMARY KEY,
    session_id TEXT NOT NULL REFERENCES sessions(session_id),
    name TEXT NOT NULL,
    format TEXT NOT NULL,
    total_bytes INTEGER NOT NULL,
    chunk_count INTEGER NOT NULL,
    created_at INTEGER NOT NULL
  );
  CREATE INDEX uploads_by_session ON uploads(session_id);
  CREATE TABLE chunks (
    upload_id TEXT NOT NULL REFERENCES uploads(upload_id),
    chunk_index INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    -- 1 when its bytes are already in the source file, 0 while they wait in a file of their own.
    is_placed INTEGER NOT NULL,
    PRIMARY KEY (upload_id, chunk_index)
  ) WITHOUT ROWID;
  CREATE TABLE jobs (
    job_id TEXT PRIMARY KEY,
    session_id TEXT NOT NULL REFERENCES sessions(session_id),
    type TEXT NOT NULL,
    status TEXT NOT NULL,
    submitted_at INTEGER NOT NULL,
    submit_order INTEGER NOT NULL,
    started_at INTEGER,
    completed_at INTEGER,
    algorithm TEXT NOT NULL,
    data_handle TEXT NOT NULL,
    data_name TEXT NOT NULL,
    target TEXT,
    task TEXT,
    stage TEXT,
    fraction REAL,
    last_message TEXT,
    remaining_seconds REAL,
    error TEXT,
    headline TEXT,
    request_key TEXT,
    UNIQUE (session_id, request_key)
  );
  CREATE INDEX jobs_by_session ON jobs(session_id);
  CREATE TABLE events (
    session_id TEXT NOT NULL REFERENCES sessions(session_id),
    seq INTEGER NOT NULL,
    event TEXT NOT NULL,
    data TEXT NOT NULL,
    job_id TEXT,
    at INTEGER NOT NULL,
    PRIMARY KEY (session_id, seq)
  ) WITHOUT ROWID;
  CREATE INDEX events_by_job ON events(job_id, seq) WHERE job_id IS NOT NULL;
  `,
];
