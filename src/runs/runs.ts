import { randomUUID } from "node:crypto";
import { InvalidArgumentError, messageOf, TrainyardError } from "../core/errors.ts";
import { AlertWatch } from "./alerts.ts";
import { joinBatches } from "./join-batches.ts";
import { Leases } from "./leases.ts";
import { type FinalState, hasEnded, nextRunState, type RunEvent, type RunState } from "./lifecycle.ts";
import { OpenRun } from "./open-run.ts";
import type { ParsedPoints } from "./parse-points.ts";
import { type PointBatch, pickRows, valueCount } from "./point-batch.ts";
import { RunEndedError, RunNotFoundError } from "./run-ended-error.ts";
import { type Actor, type EntryBody, type LogEntry, type LogLine, readEntries, writeEntry } from "./run-log.ts";
import {
  countByState,
  countRecords,
  listRecords,
  maybeRecord,
  type RunAbout,
  type RunFilter,
  type RunPage,
  type RunRecord,
  recordByRequest,
} from "./run-record.ts";
import { RunStore } from "./run-store.ts";

export interface RunsOptions {
  /** The folder of `runs.db`. */
  readonly folder: string;
  /** A reporter that is silent for so long is gone for now. Default 45 s. */
  readonly leaseMs?: number;
  readonly now?: () => number;
  readonly log?: (line: string) => void;
}

export interface Accepted {
  /** Rows that were stored now. */
  readonly accepted: number;
  /** Rows that had been stored before. */
  readonly duplicates: number;
  /** Number of the run's newest row. */
  readonly lastSeq: number;
  readonly state: RunState;
}

interface Tracked {
  record: RunRecord;
  readonly open: OpenRun;
  readonly alerts: AlertWatch;
  lastPointsAt: number;
}

interface Waiting {
  readonly runId: string;
  readonly points: ParsedPoints;
  readonly resolve: (accepted: Accepted) => void;
  readonly reject: (error: unknown) => void;
}

/** Runs that stay in memory. Above it, those used longest ago are put to rest; each can be opened again. */
const TRACKED_MAX = 256;
const SWEEP_MS = 1000;
const GATHER_MAX_MS = 5;
/** Points that wait for the disk may grow to this; beyond it requests are refused and may be sent again. */
const WAITING_MAX = 10_000;

/**
 * All runs of a data folder. Invariants: an entry is on disk before its sender is answered and before anybody sees it; a batch
 * is stored whole or not at all; numbers of a run's log are 1, 2, 3 … without gaps; a final state never changes by itself.
 */
export class Runs {
  readonly store: RunStore;
  readonly now: () => number;
  readonly counters = { rows: 0, values: 0, duplicates: 0, commits: 0, refused: 0 };
  readonly #log: (line: string) => void;
  readonly #leases: Leases;
  readonly #tracked = new Map<string, Tracked>();
  readonly #listeners = new Map<string, Set<() => void>>();
  readonly #sweep: NodeJS.Timeout;
  #waiting: Waiting[] = [];
  #isFlushDue = false;
  /** How long the next commit waits for company: as long as the last one took, when it had some. */
  #gatherMs = 0;
  #isClosed = false;

  /** Opens the folder. Runs that went on when the last server ended have one lease time to show that they still do (L-6). */
  constructor({ folder, leaseMs = 45_000, now = Date.now, log = () => {} }: RunsOptions) {
    this.store = new RunStore(folder);
    this.now = now;
    this.#log = log;
    this.#leases = new Leases(leaseMs);
    const going = this.store.sql("SELECT run_id FROM runs WHERE state IN ('running', 'stale', 'stopping')").all();
    for (const row of going) this.#leases.inherit(row.run_id as string, now());
    this.#sweep = setInterval(() => this.sweep(), SWEEP_MS);
    this.#sweep.unref();
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
      if (isStarted) this.#move(this.#track(runId), { type: "sign" }, { actor: "reporter", cause: "created by its reporter" });
    });
    if (isStarted) this.#leases.renew(runId, this.now());
    return this.get(runId);
  }

  /** @throws {RunNotFoundError} */
  get(runId: string): RunRecord {
    const record = this.#tracked.get(runId)?.record ?? maybeRecord(this.store, runId);
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
    return this.#track(runId).open;
  }

  /** Number of the newest entry that is on disk. @throws {RunNotFoundError} */
  lastSeq(runId: string): number {
    return this.#track(runId).open.lastSeq;
  }

  /**
   * Stores points. Settles when they are on disk; requests that arrive together share one commit.
   * @throws {RunEndedError} on a run that has ended · {TrainyardError} `too_large`, `queue_full` (retryable).
   */
  append(runId: string, points: ParsedPoints): Promise<Accepted> {
    if (this.#isClosed) return Promise.reject(new TrainyardError("closed", "The server stops."));
    if (this.#waiting.length >= WAITING_MAX) {
      return Promise.reject(new TrainyardError("queue_full", `${WAITING_MAX} requests wait for the disk. Try again.`, { retryable: true }));
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ runId, points, resolve, reject });
      if (this.#isFlushDue) return;
      this.#isFlushDue = true;
      if (this.#gatherMs < 1) setImmediate(() => this.#flush());
      else setTimeout(() => this.#flush(), this.#gatherMs);
    });
  }

  /** Adds a line to the run's log; with a sender's number, once. @throws {RunEndedError} */
  addLine(runId: string, line: LogLine, sender: { readonly producer: string; readonly sequence: number } | null = null): void {
    this.#commit(runId, (tracked) => {
      if (sender !== null && !this.#isNewLine(tracked, sender)) return;
      this.#sign(tracked, "log line");
      this.#write(tracked, [{ kind: "line", line }]);
    });
  }

  /** Renews the lease of a run's reporter. @throws {RunEndedError} so that the reporter learns it. */
  beat(runId: string): RunRecord {
    const { state } = this.get(runId);
    if (state === "pending" || state === "stale" || state === "crashed") this.#commit(runId, (tracked) => this.#sign(tracked, "beat"));
    else if (hasEnded(state)) throw new RunEndedError(runId, state);
    this.#leases.renew(runId, this.now());
    return this.get(runId);
  }

  /** Asks the reporter to end. A run that nobody has begun is stopped at once. @throws {RunEndedError} when it ended otherwise. */
  requestStop(runId: string, actor: Actor): RunRecord {
    this.#commit(runId, (tracked) => this.#move(tracked, { type: "stop_requested" }, { actor, cause: "stop requested" }));
    return this.get(runId);
  }

  /** Ends a run. The first final state wins (L-3): the same again changes nothing, another one is refused. @throws {RunEndedError} */
  finish(runId: string, state: FinalState, facts: { actor: Actor; reason?: string | null; exitCode?: number | null }): RunRecord {
    this.#commit(runId, (tracked) => {
      const cause = `reported ${state}`;
      if (!this.#move(tracked, { type: "finish", state }, { cause, ...facts })) return;
      tracked.open.checkpoint(this.store);
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
      this.#move(tracked, { type: "resume" }, { actor, cause: fromStep === null ? "resumed" : `resumed from step ${fromStep}` });
      if (fromStep === null) return;
      this.#write(tracked, [{ kind: "rewind", rewind: { branch: tracked.open.rewinds.length + 1, from_step: fromStep } }]);
    });
    if (this.get(runId).state !== "pending") this.#leases.renew(runId, this.now());
    return this.get(runId);
  }

  /** Changes what is told about a run; its metrics and state are not touched. */
  update(runId: string, change: { readonly name?: string; readonly tags?: readonly string[]; readonly notes?: string }): RunRecord {
    const { name, ...about } = change;
    this.#commit(runId, (tracked) => {
      const record = { ...tracked.record, name: name ?? tracked.record.name, about: { ...tracked.record.about, ...about } };
      this.store.sql("UPDATE runs SET name = ?, about = ? WHERE run = ?").run(record.name, JSON.stringify(record.about), record.run);
      tracked.record = record;
    });
    return this.get(runId);
  }

  /** Removes a run with its points and lines; subscribers are told (L-31). @throws {RunNotFoundError} */
  remove(runId: string): void {
    this.#flush();
    const { run } = this.get(runId);
    this.store.transaction(() => {
      this.store.sql("DELETE FROM chunks WHERE series IN (SELECT series FROM series WHERE run = ?)").run(run);
      for (const table of ["series", "entries", "producers", "runs"]) this.store.sql(`DELETE FROM ${table} WHERE run = ?`).run(run);
    });
    this.#tracked.delete(runId);
    this.#leases.end(runId);
    this.#notify([runId]);
  }

  /** Entries after `seq`, oldest first, about `rowsMax` rows. The first may have begun before. @throws {RunNotFoundError} */
  read(runId: string, seq: number, rowsMax: number): LogEntry[] {
    const { open } = this.#track(runId);
    return open.recent.after(seq, open.lastSeq, rowsMax) ?? readEntries(this.store, open.run, seq, rowsMax);
  }

  /** Calls `listener` after each commit of that run and after its removal, until the returned function is called. */
  watch(runId: string, listener: () => void): () => void {
    const listeners = this.#listeners.get(runId) ?? new Set();
    this.#listeners.set(runId, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#listeners.get(runId) === listeners) this.#listeners.delete(runId);
    };
  }

  /** Looks at leases and stalls; called by a timer each second. */
  sweep(): void {
    const now = this.now();
    for (const { runId, isInherited } of this.#leases.takeExpired(now)) {
      const event: RunEvent = isInherited ? { type: "abandoned" } : { type: "lease_lost" };
      const cause = isInherited ? "nothing was heard since the server started" : "the reporter fell silent";
      this.#try(runId, (tracked) => {
        const to = this.#move(tracked, event, { actor: "server", cause });
        if (to)
          this.#write(tracked, [
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
          this.#write(
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
      for (const { open } of this.#tracked.values()) open.checkpoint(this.store);
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
    const tracked = this.#track(runId);
    try {
      this.store.transaction(() => work(tracked));
    } catch (error) {
      // What lies in memory may be ahead of the disk: it is read again on next use.
      this.#tracked.delete(runId);
      throw error;
    }
    this.#notify([runId]);
  }

  /** Stores everything that waits, in one transaction. */
  #flush(): void {
    this.#isFlushDue = false;
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    this.#waiting = [];
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
      for (const runId of byRun.keys()) this.#tracked.delete(runId);
      for (const { reject } of waiting) reject(error);
      return;
    }
    this.counters.commits++;
    this.#gatherMs = waiting.length > 1 ? Math.min(GATHER_MAX_MS, performance.now() - startedAt) : 0;
    for (const act of settle) act();
    this.#notify(byRun.keys());
  }

  /** Stores what waits for one run, in the order of arrival. Refusals touch nothing. */
  #storeGroup(runId: string, group: readonly Waiting[], settle: (() => void)[]): void {
    const batches: PointBatch[] = [];
    const senders = new Set<string>();
    let tracked: Tracked;
    try {
      tracked = this.#track(runId);
    } catch (error) {
      settle.push(() => group.forEach(({ reject }) => void reject(error)));
      return;
    }
    for (const { points, resolve, reject } of group) {
      const refusal = refusalOf(tracked, points);
      if (refusal !== null) {
        this.counters.refused++;
        settle.push(() => reject(refusal));
        continue;
      }
      const count = points.batch.steps.length;
      const fresh = points.producer === null ? null : tracked.open.producer(points.producer).newRows(points.sequence, count);
      const accepted = fresh === null ? count : fresh.length;
      if (accepted > 0) batches.push(fresh === null ? points.batch : pickRows(points.batch, fresh));
      if (points.producer !== null && accepted > 0) {
        tracked.open.producer(points.producer).add(points.sequence, count);
        senders.add(points.producer);
      }
      this.counters.duplicates += count - accepted;
      settle.push(() => resolve({ accepted, duplicates: count - accepted, lastSeq: tracked.open.lastSeq, state: tracked.record.state }));
    }
    this.#storeBatches(tracked, batches);
    for (const producer of senders) this.#storeNumbers(tracked.open, producer);
    if (!hasEnded(tracked.record.state)) this.#leases.renew(runId, this.now());
  }

  #storeBatches(tracked: Tracked, batches: readonly PointBatch[]): void {
    if (batches.length === 0) return;
    const { open } = tracked;
    this.#sign(tracked, "points");
    if (open.wantsCheckpoint) open.checkpoint(this.store);
    else if (open.hasFullTails) open.seal(this.store);
    for (const batch of joinBatches(batches)) {
      this.#write(tracked, [
        { kind: "points", batch },
        ...tracked.alerts.check(batch).map((alert): EntryBody => ({ kind: "alert", alert })),
      ]);
      this.counters.rows += batch.steps.length;
      this.counters.values += valueCount(batch);
    }
    tracked.lastPointsAt = this.now();
  }

  /** Lines have numbers of their own: those of rows say nothing about them. */
  #isNewLine({ open }: Tracked, { producer, sequence }: { readonly producer: string; readonly sequence: number }): boolean {
    const name = `lines of ${producer}`;
    if (open.producer(name).newRows(sequence, 1) !== null) return false;
    open.producer(name).add(sequence, 1);
    this.#storeNumbers(open, name);
    return true;
  }

  #storeNumbers(open: OpenRun, producer: string): void {
    this.store
      .sql("INSERT OR REPLACE INTO producers (run, producer, ranges) VALUES (?, ?, ?)")
      .run(open.run, producer, JSON.stringify(open.producer(producer).ranges));
  }

  #write(tracked: Tracked, bodies: readonly EntryBody[]): void {
    const { open } = tracked;
    for (const body of bodies) {
      const rowCount = body.kind === "points" ? body.batch.steps.length : 1;
      const entry: LogEntry = { ...body, rowCount, seq: open.lastSeq + rowCount, at: this.now() };
      open.add(entry, writeEntry(this.store, open.run, entry));
    }
  }

  /** A reporter said something: a run that waits, or was thought lost, goes on. @throws {RunEndedError} */
  #sign(tracked: Tracked, what: string): void {
    this.#move(tracked, { type: "sign" }, { actor: "reporter", cause: `${what} came` });
    this.#leases.renew(tracked.record.runId, this.now());
  }

  /** Compare and set: the only place where a state changes. Returns whether it did. @throws {RunEndedError} */
  #move(
    tracked: Tracked,
    event: RunEvent,
    facts: { actor: Actor; cause: string; reason?: string | null; exitCode?: number | null },
  ): boolean {
    const { record } = tracked;
    const outcome = nextRunState(record.state, event);
    if (outcome.type === "refused") throw new RunEndedError(record.runId, outcome.state);
    if (outcome.type === "same") return false;
    const { actor, cause, reason = null, exitCode = null } = facts;
    const at = this.now();
    const next: RunRecord = {
      ...record,
      state: outcome.to,
      reason,
      exitCode,
      startedAt: record.startedAt ?? (outcome.to === "running" ? at : null),
      finishedAt: hasEnded(outcome.to) ? at : null,
    };
    const { changes } = this.store
      .sql("UPDATE runs SET state = ?, reason = ?, exit_code = ?, started_at = ?, finished_at = ? WHERE run = ? AND state = ?")
      .run(next.state, reason, exitCode, next.startedAt, next.finishedAt, record.run, record.state);
    if (changes !== 1) throw new InvalidArgumentError(`Run ${record.runId} changed meanwhile. Try again.`, { retryable: true });
    tracked.record = next;
    this.#write(tracked, [{ kind: "state", state: { from: record.state, to: next.state, cause, actor, reason } }]);
    return true;
  }

  #track(runId: string): Tracked {
    let tracked = this.#tracked.get(runId);
    if (tracked === undefined) {
      const record = maybeRecord(this.store, runId);
      if (record === null) throw new RunNotFoundError(runId);
      const alerts = new AlertWatch(record.about.alerts ?? []);
      tracked = { record, open: OpenRun.load(this.store, record.run, runId), alerts, lastPointsAt: this.now() };
      if (this.#tracked.size >= TRACKED_MAX) this.#rest();
    } else this.#tracked.delete(runId);
    // Last in the map: used last.
    this.#tracked.set(runId, tracked);
    return tracked;
  }

  /** Lets go of runs that were used longest ago and have nothing that is only in memory. */
  #rest(): void {
    for (const [runId, { record }] of this.#tracked) {
      if (this.#tracked.size < TRACKED_MAX) return;
      if (hasEnded(record.state) || record.state === "pending") this.#tracked.delete(runId);
    }
  }

  #notify(runIds: Iterable<string>): void {
    for (const runId of runIds) for (const listener of [...(this.#listeners.get(runId) ?? [])]) listener();
  }
}

function refusalOf({ record, open }: Tracked, { batch, producer }: ParsedPoints): TrainyardError | null {
  if (hasEnded(record.state) && record.state !== "crashed") return new RunEndedError(record.runId, record.state);
  if (producer !== null && open.producers.get(producer)?.isFull === true) {
    return new TrainyardError("refused", `Producer ${producer} has too many gaps in its numbers. Use a new producer name.`);
  }
  try {
    open.checkSeries(batch);
  } catch (error) {
    return error as TrainyardError;
  }
  return null;
}
