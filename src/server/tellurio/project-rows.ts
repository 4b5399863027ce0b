export const VISIBILITIES = ["TEAM", "RESTRICTED", "PUBLIC"] as const;
export type Visibility = (typeof VISIBILITIES)[number];
export const RUN_STATUSES = ["RUNNING", "COMPLETED", "FAILED", "CRASHED"] as const;
export type RunStatus = (typeof RUN_STATUSES)[number];

export interface ProjectRow {
  readonly uuid: string;
  readonly namespace: string;
  readonly display_name: string;
  readonly slug: string;
  readonly visibility: Visibility;
  readonly created_at: number;
  readonly last_run_at: number | null;
}

export interface RunRow {
  readonly uuid: string;
  readonly project_uuid: string;
  readonly name: string;
  readonly description: string | null;
  readonly status: RunStatus;
  readonly created_at: number;
  readonly updated_at: number;
}

export interface Numbered {
  readonly name: string;
  readonly value: unknown;
  readonly step: number;
}

export const PROJECT_SCHEMA = `
  CREATE TABLE IF NOT EXISTS projects (
    uuid TEXT PRIMARY KEY,
    namespace TEXT NOT NULL,
    display_name TEXT NOT NULL,
    slug TEXT NOT NULL,
    visibility TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    last_run_at INTEGER,
    UNIQUE (namespace, slug)
  );
  CREATE TABLE IF NOT EXISTS runs (
    uuid TEXT PRIMARY KEY,
    project_uuid TEXT NOT NULL REFERENCES projects(uuid),
    name TEXT NOT NULL,
    description TEXT,
    status TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
  );
  CREATE INDEX IF NOT EXISTS runs_by_project ON runs(project_uuid);
  CREATE TABLE IF NOT EXISTS metrics (
    run_uuid TEXT NOT NULL REFERENCES runs(uuid),
    name TEXT NOT NULL,
    step REAL NOT NULL,
    -- Any JSON.
    value TEXT NOT NULL,
    at INTEGER NOT NULL
  );
  CREATE INDEX IF NOT EXISTS metrics_by_run ON metrics(run_uuid, name);
`;

/** "Test Project" → `test-project`. */
export function toSlug(name: string): string {
  return name
    .normalize("NFKD")
    .replaceAll(/\p{M}/gu, "")
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}_]+/gu, "-")
    .replaceAll(/^-+|-+$/g, "");
}

const ADJECTIVES = ["amber", "brisk", "calm", "clear", "early", "gentle", "keen", "lucid", "quiet", "swift"];
const NOUNS = ["arrow", "bridge", "harbour", "lantern", "meadow", "orchard", "signal", "summit", "switch", "valley"];

/** `calm-signal-7`: for a run without a name. `random` gives numbers in [0, 1). */
export function inventName(number: number, random: () => number = Math.random): string {
  const pick = (words: readonly string[]): string => words[Math.floor(random() * words.length)]!;
  return `${pick(ADJECTIVES)}-${pick(NOUNS)}-${number}`;
}
