import { randomUUID } from "node:crypto";
import { messageOf, TrainyardError } from "../core/errors.ts";
import { Leases } from "./leases.ts";
import { type FinalState, hasEnded, type RunEvent, type RunState } from "./lifecycle.ts";
import type { OpenRun } from "./open-run.ts";
import type { ParsedPoints } from "./parse-points.ts";
import { type Accepted, PointsQueue, type Waiting } from "./points-queue.ts";
import type { RunFilter } from "./run-conditions.ts";
import { RunEndedError, RunNotFoundError } from "./run-ended-error.ts";
import { type Actor, type LogEntry, type LogLine, readEntries } from "./run-log.ts";
import {
  countByState,
  countRecords,
  listRecords,
  maybeRecord,
  type RunAbout,
  type RunPage,
  type RunRecord,
  recordByRequest,
  recordsByRequests,
} from "./run-record.ts";
import { RunStore } from "./run-store.ts";
import { RunWatchers } from "./run-watchers.ts";
import { RunWriter } from "./run-writer.ts";
import { type Tracked, TrackedRuns } from "./tracked-runs.ts";

export interface RunsOptions {
  /** The folder of `runs.db`. */
  readonly folder: string;
  /** A reporter that is silent for so long is gone for now. Default 45 s. */
  readonly leaseMs?: number;
  readonly now?: () => number;
  readonly log?: (line: string) => void;
}

const SWEEP_MS = 1000;

/**
 * All runs of a data folder. Invariants: an entry is on disk before its sender is answered and before anybody sees it; a batch
 * is stored whole or not at all; numbers of a run's log are 1, 2, 3 … without gaps; a final state never changes by itself.
 */
export class Runs {
  readonly store: RunStore;
  readonly now: () => number;
  readonly watchers = new RunWatchers();
  readonly #log: (line: string) => void;
  readonly #leases: Leases;
  readonly #tracked: TrackedRuns;
  readonly #writer: RunWriter;
  readonly #sweep: NodeJS.Timeout;
  readonly #queue = new PointsQueue(() => this.#flush());
  #isClosed = false;

  /** Opens the folder. Runs that went on when the last server ended have one lease time to show that they still do (L-6). */
  constructor({ folder, leaseMs = 45_000, now = Date.now, log = () => {} }: RunsOptions) {
    this.store = new RunStore(folder);
    this.now = now;
    this.#log = log;
    this.#leases = new Leases(leaseMs);
    this.#tracked = new TrackedRuns(this.store, now);
    this.#writer = new RunWriter(this.store, this.#leases, now);
    const going = this.store.sql("SELECT run_id FROM runs WHERE state IN ('running', 'stale', 'stopping')").all();
    for (const row of going) this.#leases.inherit(row.run_id as string, now());
    this.#sweep = setInterval(() => this.sweep(), SWEEP_MS);
    this.#sweep.unref();
  }

  /** Since the start. */
  get counters(): RunWriter["counters"] {
    return this.#writer.counters;
  }

  /**
   * Makes a run. It is `pending` until its first point, or `running` at once when `isStarted`. The same `requestKey` gives the
   * same run again. Creating a run starts nothing (L-27).
   */
  create(
    name: string,
    about: RunAbout,
    { requestKey = null, isStarted = false }: { requestKey?: string | null; isStarted?: boolean } = {},
  ): RunRecord {
    const before = requestKey === null ? null : recordByRequest(this.store, requestKey);
    if (before !== null) return before;
    const runId = randomUUID();
    this.store.transaction(() => {
      this.store
        .sql("INSERT INTO runs (run_id, name, about, state, created_at, request_key) VALUES (?, ?, ?, 'pending', ?, ?)")
        .run(runId, name, JSON.stringify(about), this.now(), requestKey);
      if (isStarted) this.#writer.move(this.#tracked.get(runId), { type: "sign" }, { actor: "reporter", cause: "created by its reporter" });
    });
    if (isStarted) this.#leases.renew(runId, this.now());
    this.watchers.notify([runId]);
    return this.get(runId);
  }

  /** @throws {RunNotFoundError} */
  get(runId: string): RunRecord {
    const record = this.#tracked.peek(runId)?.record ?? maybeRecord(this.store, runId);
    if (record === null) throw new RunNotFoundError(runId);
    return record;
  }

  list(filter: RunFilter): RunPage {
    return listRecords(this.store, filter);
  }

  count(filter: Omit<RunFilter, "limit">): number {
    return countRecords(this.store, filter);
  }

  countByState(): Readonly<Record<RunState, number>> {
    return countByState(this.store);
  }

  /** What lies in memory of a run: its series, latest row, last number. */
  open(runId: string): OpenRun {
    this.#flush();
    return this.#tracked.get(runId).open;
  }

  /** Number of the newest entry that is on disk. @throws {RunNotFoundError} */
  lastSeq(runId: string): number {
    return this.#tracked.get(runId).open.lastSeq;
  }

  /**
   * Stores points. Settles when they are on disk; requests that arrive together share one commit.
   * @throws {RunEndedError} on a run that has ended · {TrainyardError} `too_large`, `queue_full` (retryable).
   */
  append(runId: string, points: ParsedPoints): Promise<Accepted> {
    if (this.#isClosed) return Promise.reject(new TrainyardError("closed", "The server stops."));
    return this.#queue.add(runId, points);
  }

  /** Adds a line to the run's log; with a sender's number, once. @throws {RunEndedError} */
  addLine(runId: string, line: LogLine, sender: { readonly producer: string; readonly sequence: number } | null = null): void {
    this.#commit(runId, (tracked) => {
      if (sender !== null && !this.#writer.isNewLine(tracked, sender)) return;
      this.#writer.sign(tracked, "log line came");
      this.#writer.write(tracked, [{ kind: "line", line }]);
    });
  }

  /** Adds lines to the run's log, in one commit. @throws {RunEndedError} */
  addLines(runId: string, lines: readonly LogLine[]): void {
    if (lines.length === 0) return;
    this.#commit(runId, (tracked) => {
      this.#writer.sign(tracked, "log lines came");
      this.#writer.write(
        tracked,
        lines.map((line) => ({ kind: "line", line })),
      );
    });
  }

  /** The run that was made with a request key, or null. */
  ofRequest(requestKey: string): RunRecord | null {
    return recordByRequest(this.store, requestKey);
  }

  /** Runs whose request keys begin with `prefix`. */
  ofRequests(prefix: string): RunRecord[] {
    return recordsByRequests(this.store, prefix);
  }

  /** Renews the lease of a run's reporter. @throws {RunEndedError} so that the reporter learns it. */
  beat(runId: string, cause = "beat came"): RunRecord {
    const { state } = this.get(runId);
    if (state === "pending" || state === "stale" || state === "crashed")
      this.#commit(runId, (tracked) => this.#writer.sign(tracked, cause));
    else if (hasEnded(state)) throw new RunEndedError(runId, state);
    this.#leases.renew(runId, this.now());
    return this.get(runId);
  }

  /** Asks the reporter to end. A run that nobody has begun is stopped at once. @throws {RunEndedError} when it ended otherwise. */
  requestStop(runId: string, actor: Actor): RunRecord {
    this.#commit(runId, (tracked) => this.#writer.move(tracked, { type: "stop_requested" }, { actor, cause: "stop requested" }));
    return this.get(runId);
  }

  /** Ends a run. The first final state wins (L-3): the same again changes nothing, another one is refused. @throws {RunEndedError} */
  finish(runId: string, state: FinalState, facts: { actor: Actor; reason?: string | null; exitCode?: number | null }): RunRecord {
    this.#commit(runId, (tracked) => {
      const cause = `reported ${state}`;
      if (!this.#writer.move(tracked, { type: "finish", state }, { cause, ...facts })) return;
      tracked.open.checkpoint(this.store);
    });
    this.#leases.end(runId);
    return this.get(runId);
  }

  /** Its reporter is known to be gone without having said how it ended: the run has crashed. It may still come back. */
  abandon(runId: string, cause: string): RunRecord {
    this.#commit(runId, (tracked) => {
      if (this.#writer.move(tracked, { type: "abandoned" }, { actor: "server", cause, reason: cause })) tracked.open.checkpoint(this.store);
    });
    this.#leases.end(runId);
    return this.get(runId);
  }

  /**
   * Goes on with a run, also with one that has ended. With `fromStep` the run is told anew from there: earlier points with that
   * step or a later one stay in the log, and are no longer part of the curve.
   */
  resume(runId: string, fromStep: number | null, actor: Actor): RunRecord {
    this.#commit(runId, (tracked) => {
      this.#writer.move(tracked, { type: "resume" }, { actor, cause: fromStep === null ? "resumed" : `resumed from step ${fromStep}` });
      if (fromStep === null) return;
      this.#writer.write(tracked, [{ kind: "rewind", rewind: { branch: tracked.open.rewinds.length + 1, from_step: fromStep } }]);
    });
    if (this.get(runId).state !== "pending") this.#leases.renew(runId, this.now());
    return this.get(runId);
  }

  /** Changes what is told about a run; its metrics and state are not touched. */
  update(
    runId: string,
    change: { readonly name?: string; readonly tags?: readonly string[]; readonly notes?: string; readonly isArchived?: boolean },
  ): RunRecord {
    const { name, isArchived, ...about } = change;
    this.#commit(runId, (tracked) => {
      const { record } = tracked;
      const wasAt = record.archivedAt;
      const archivedAt = isArchived === undefined ? wasAt : isArchived ? (wasAt ?? this.now()) : null;
      const next = { ...record, name: name ?? record.name, about: { ...record.about, ...about }, archivedAt };
      this.store
        .sql("UPDATE runs SET name = ?, about = ?, archived_at = ? WHERE run = ?")
        .run(next.name, JSON.stringify(next.about), archivedAt, next.run);
      tracked.record = next;
    });
    return this.get(runId);
  }

  /** Removes a run with its points and lines; subscribers are told (L-31). @throws {RunNotFoundError} */
  remove(runId: string): void {
    this.#flush();
    const { run } = this.get(runId);
    this.store.transaction(() => {
      this.store.sql("DELETE FROM roll_ups WHERE series IN (SELECT series FROM series WHERE run = ?)").run(run);
      this.store.sql("DELETE FROM chunks WHERE series IN (SELECT series FROM series WHERE run = ?)").run(run);
      for (const table of ["series", "entries", "producers", "runs"]) this.store.sql(`DELETE FROM ${table} WHERE run = ?`).run(run);
    });
    this.#tracked.drop(runId);
    this.#leases.end(runId);
    this.watchers.notify([runId]);
  }

  /** Entries after `seq`, oldest first, about `rowsMax` rows. The first may have begun before. @throws {RunNotFoundError} */
  read(runId: string, seq: number, rowsMax: number): LogEntry[] {
    const { open } = this.#tracked.get(runId);
    return open.recent.after(seq, open.lastSeq, rowsMax) ?? readEntries(this.store, open.run, seq, rowsMax);
  }

  /** Calls `listener` after each commit of that run and after its removal, until the returned function is called. */
  watch(runId: string, listener: () => void): () => void {
    return this.watchers.add(runId, listener);
  }

  /** Looks at leases and stalls; called by a timer each second. */
  sweep(): void {
    const now = this.now();
    for (const { runId, isInherited } of this.#leases.takeExpired(now)) {
      const event: RunEvent = isInherited ? { type: "abandoned" } : { type: "lease_lost" };
      const cause = isInherited ? "nothing was heard since the server started" : "the reporter fell silent";
      this.#try(runId, (tracked) => {
        const to = this.#writer.move(tracked, event, { actor: "server", cause });
        if (to)
          this.#writer.write(tracked, [
            { kind: "alert", alert: { rule: "lost_lease", key: null, step: null, message: `Run ${tracked.record.name}: ${cause}.` } },
          ]);
        if (hasEnded(tracked.record.state)) tracked.open.checkpoint(this.store);
      });
    }
    for (const [runId, tracked] of this.#tracked) {
      if (tracked.record.state !== "running") continue;
      const alerts = tracked.alerts.checkStall((now - tracked.lastPointsAt) / 1000);
      if (alerts.length > 0)
        this.#try(runId, (run) =>
          this.#writer.write(
            run,
            alerts.map((alert) => ({ kind: "alert", alert })),
          ),
        );
    }
  }

  /** Everything accepted is on disk, and opening again is quick. Twice is fine. */
  close(): void {
    if (this.#isClosed) return;
    this.#flush();
    this.#isClosed = true;
    clearInterval(this.#sweep);
    this.store.transaction(() => {
      for (const [, { open }] of this.#tracked) open.checkpoint(this.store);
    });
    this.store.close();
  }

  #try(runId: string, work: (tracked: Tracked) => void): void {
    try {
      this.#commit(runId, work);
    } catch (error) {
      this.#log(`run ${runId}: ${messageOf(error)}`);
    }
  }

  /** Runs `work` on one run in a transaction, after everything that was sent before it. */
  #commit(runId: string, work: (tracked: Tracked) => void): void {
    this.#flush();
    const tracked = this.#tracked.get(runId);
    try {
      this.store.transaction(() => work(tracked));
    } catch (error) {
      this.#writer.takeRaised();
      // What lies in memory may be ahead of the disk: it is read again on next use.
      this.#tracked.drop(runId);
      throw error;
    }
    this.watchers.notify([runId]);
    this.watchers.tell(this.#writer.takeRaised());
  }

  /** Stores everything that waits, in one transaction. */
  #flush(): void {
    const waiting = this.#queue.take();
    if (waiting.length === 0) return;
    const byRun = new Map<string, Waiting[]>();
    for (const item of waiting) {
      const group = byRun.get(item.runId);
      if (group === undefined) byRun.set(item.runId, [item]);
      else group.push(item);
    }
    const settle: (() => void)[] = [];
    const startedAt = performance.now();
    try {
      this.store.transaction(() => {
        for (const [runId, group] of byRun) this.#storeGroup(runId, group, settle);
      });
    } catch (error) {
      this.#writer.takeRaised();
      for (const runId of byRun.keys()) this.#tracked.drop(runId);
      for (const { reject } of waiting) reject(error);
      return;
    }
    this.counters.commits++;
    this.#queue.took(waiting.length, performance.now() - startedAt);
    for (const act of settle) act();
    this.watchers.notify(byRun.keys());
    this.watchers.tell(this.#writer.takeRaised());
  }

  /** Stores what waits for one run, in the order of arrival; a run that is not there refuses its own and no others. */
  #storeGroup(runId: string, group: readonly Waiting[], settle: (() => void)[]): void {
    let tracked: Tracked;
    try {
      tracked = this.#tracked.get(runId);
    } catch (error) {
      if (!(error instanceof RunNotFoundError)) throw error;
      settle.push(() => group.forEach(({ reject }) => void reject(error)));
      return;
    }
    this.#writer.storePoints(tracked, group, settle);
  }
}
