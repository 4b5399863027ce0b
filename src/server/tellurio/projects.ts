import { randomUUID } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import Libsql from "libsql";
import { type Numbered, PROJECT_SCHEMA, type ProjectRow, type RunRow, type RunStatus, toSlug, type Visibility } from "./project-rows.ts";
import type { RunSink } from "./run-sink.ts";

/** The same run beats at most so often. */
const BEAT_MS = 5000;

interface Statement {
  run(...values: readonly unknown[]): unknown;
  get(...values: readonly unknown[]): Readonly<Record<string, unknown>> | undefined;
  all(...values: readonly unknown[]): readonly Readonly<Record<string, unknown>>[];
}

/**
 * Projects, their runs and metrics, in `tellurio.db` of the data folder (SQLite, WAL, synchronous=FULL: what was answered is on disk).
 * Numbers go on to the live view of runs as well.
 */
export class Projects {
  readonly #connection: Libsql.Database;
  readonly #sink: RunSink | null;
  readonly #namespaces: readonly string[];
  readonly #beats = new Map<string, number>();
  readonly #onEnd: (runId: string) => void;

  /** @param onEnd  called before a run gets its final status. */
  constructor(folder: string, sink: RunSink | null, namespaces: readonly string[], onEnd: (runId: string) => void = () => {}) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.#connection = new Libsql(join(folder, "tellurio.db"));
    for (const pragma of ["journal_mode=WAL", "synchronous=FULL"]) this.#connection.exec(`PRAGMA ${pragma}`);
    this.#connection.exec(PROJECT_SCHEMA);
    this.#sink = sink;
    this.#namespaces = namespaces;
    this.#onEnd = onEnd;
  }

  get namespaces(): readonly string[] {
    return this.#namespaces;
  }

  close(): void {
    if (this.#connection.open) this.#connection.close();
  }

  /** Null when the name is taken. */
  create(namespace: string, displayName: string, visibility: Visibility): ProjectRow | null {
    const slug = toSlug(displayName);
    if (this.find(namespace, slug) !== null) return null;
    const row = [randomUUID(), namespace, displayName, slug, visibility, Date.now()];
    this.#sql("INSERT INTO projects (uuid, namespace, display_name, slug, visibility, created_at) VALUES (?, ?, ?, ?, ?, ?)").run(...row);
    return this.find(namespace, slug);
  }

  find(namespace: string, slug: string): ProjectRow | null {
    return (this.#sql("SELECT * FROM projects WHERE namespace = ? AND slug = ?").get(namespace, slug) as ProjectRow | undefined) ?? null;
  }

  remove(project: ProjectRow): void {
    for (const { uuid } of this.runs(project)) {
      this.#sql("DELETE FROM metrics WHERE run_uuid = ?").run(uuid);
      this.#sink?.remove(uuid);
    }
    this.#sql("DELETE FROM runs WHERE project_uuid = ?").run(project.uuid);
    this.#sql("DELETE FROM projects WHERE uuid = ?").run(project.uuid);
  }

  /** A name that is taken in the project gets a number behind it. */
  createRun(project: ProjectRow, wanted: string, description: string | null, status: RunStatus): RunRow {
    const taken = new Set(this.runs(project).map((run) => run.name));
    let name = wanted;
    for (let number = 1; taken.has(name); number++) name = `${wanted}_${number}`;
    const uuid = this.#sink?.create(name, { project: project.display_name, description }) ?? randomUUID();
    const now = Date.now();
    this.#sql("INSERT INTO runs (uuid, project_uuid, name, description, status, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?)").run(
      uuid,
      project.uuid,
      name,
      description,
      status,
      now,
      now,
    );
    this.#sql("UPDATE projects SET last_run_at = ? WHERE uuid = ?").run(now, project.uuid);
    if (status !== "RUNNING") this.#sink?.status(uuid, status);
    return this.run(project, uuid)!;
  }

  runs(project: ProjectRow): RunRow[] {
    return this.#sql("SELECT * FROM runs WHERE project_uuid = ? ORDER BY created_at, rowid").all(project.uuid) as unknown as RunRow[];
  }

  run(project: ProjectRow, uuid: string): RunRow | null {
    return (this.#sql("SELECT * FROM runs WHERE project_uuid = ? AND uuid = ?").get(project.uuid, uuid) as RunRow | undefined) ?? null;
  }

  setStatus(run: RunRow, status: RunStatus): void {
    if (status !== "RUNNING") this.#onEnd(run.uuid);
    this.#sql("UPDATE runs SET status = ?, updated_at = ? WHERE uuid = ?").run(status, Math.max(Date.now(), run.created_at), run.uuid);
    this.#sink?.status(run.uuid, status);
  }

  /** Without a step the metric is numbered by name, from 0. */
  addMetric(run: RunRow, name: string, value: unknown, step: number | null): Numbered {
    const last = this.#sql("SELECT MAX(step) AS step FROM metrics WHERE run_uuid = ? AND name = ?").get(run.uuid, name)?.step;
    const at = step ?? (typeof last === "number" ? last + 1 : 0);
    this.#sql("INSERT INTO metrics (run_uuid, name, step, value, at) VALUES (?, ?, ?, ?, ?)").run(
      run.uuid,
      name,
      at,
      JSON.stringify(value),
      Date.now(),
    );
    const number = typeof value === "boolean" ? Number(value) : value;
    if (typeof number === "number") this.#sink?.point(run.uuid, name, number, at);
    return { name, value, step: at };
  }

  metrics(run: RunRow): Numbered[] {
    const rows = this.#sql("SELECT name, step, value FROM metrics WHERE run_uuid = ? ORDER BY rowid").all(run.uuid);
    return rows.map(({ name, step, value }) => ({ name: name as string, step: step as number, value: JSON.parse(value as string) }));
  }

  /** Every call that names a run says that its trainer lives. */
  beat(runId: unknown): void {
    if (this.#sink === null || typeof runId !== "string") return;
    const now = Date.now();
    if (now - (this.#beats.get(runId) ?? 0) < BEAT_MS) return;
    if (this.#beats.size > 1000) this.#beats.clear();
    this.#beats.set(runId, now);
    this.#sink.beat(runId);
  }

  #sql(sql: string): Statement {
    // The binding's own types know neither the number nor the names of columns.
    return this.#connection.prepare(sql) as unknown as Statement;
  }
}
