import { InvalidArgumentError, TrainyardError } from "../core/errors.ts";
import { joinBatches } from "./join-batches.ts";
import type { Leases } from "./leases.ts";
import { hasEnded, nextRunState, type RunEvent, type RunState } from "./lifecycle.ts";
import type { OpenRun } from "./open-run.ts";
import type { ParsedPoints } from "./parse-points.ts";
import { type PointBatch, pickRows, valueCount } from "./point-batch.ts";
import type { Waiting } from "./points-queue.ts";
import { RunEndedError } from "./run-ended-error.ts";
import { type Actor, type Alert, type EntryBody, type LogEntry, writeEntry } from "./run-log.ts";
import type { RunRecord } from "./run-record.ts";
import type { RunStore } from "./run-store.ts";
import type { Tracked } from "./tracked-runs.ts";

/** An alert that was just stored, and whose it is. */
export interface RaisedAlert {
  readonly runId: string;
  readonly name: string;
  readonly state: RunState;
  readonly alert: Alert;
  readonly seq: number;
  readonly at: number;
}

/** Writes entries of runs, and what follows from them. Everything here happens inside a transaction of the caller. */
export class RunWriter {
  readonly counters = { rows: 0, values: 0, duplicates: 0, commits: 0, refused: 0 };
  readonly #store: RunStore;
  readonly #leases: Leases;
  readonly #now: () => number;
  #raised: RaisedAlert[] = [];

  constructor(store: RunStore, leases: Leases, now: () => number) {
    this.#store = store;
    this.#leases = leases;
    this.#now = now;
  }

  /** Stores what waits for one run, in the order of arrival. Refusals touch nothing. */
  storePoints(tracked: Tracked, group: readonly Waiting[], settle: (() => void)[]): void {
    const batches: PointBatch[] = [];
    const senders = new Set<string>();
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
    if (!hasEnded(tracked.record.state)) this.#leases.renew(tracked.record.runId, this.#now());
  }

  #storeBatches(tracked: Tracked, batches: readonly PointBatch[]): void {
    if (batches.length === 0) return;
    const { open } = tracked;
    this.sign(tracked, "points came");
    if (open.wantsCheckpoint) open.checkpoint(this.#store);
    else if (open.hasFullTails) open.seal(this.#store);
    for (const batch of joinBatches(batches)) {
      this.write(tracked, [
        { kind: "points", batch },
        ...tracked.alerts.check(batch).map((alert): EntryBody => ({ kind: "alert", alert })),
      ]);
      this.counters.rows += batch.steps.length;
      this.counters.values += valueCount(batch);
    }
    tracked.lastPointsAt = this.#now();
  }

  /** Lines have numbers of their own: those of rows say nothing about them. */
  isNewLine({ open }: Tracked, { producer, sequence }: { readonly producer: string; readonly sequence: number }): boolean {
    const name = `lines of ${producer}`;
    if (open.producer(name).newRows(sequence, 1) !== null) return false;
    open.producer(name).add(sequence, 1);
    this.#storeNumbers(open, name);
    return true;
  }

  #storeNumbers(open: OpenRun, producer: string): void {
    this.#store
      .sql("INSERT OR REPLACE INTO producers (run, producer, ranges) VALUES (?, ?, ?)")
      .run(open.run, producer, JSON.stringify(open.producer(producer).ranges));
  }

  write(tracked: Tracked, bodies: readonly EntryBody[]): void {
    const { open } = tracked;
    for (const body of bodies) {
      const rowCount = body.kind === "points" ? body.batch.steps.length : 1;
      const entry: LogEntry = { ...body, rowCount, seq: open.lastSeq + rowCount, at: this.#now() };
      open.add(entry, writeEntry(this.#store, open.run, entry));
      if (entry.kind !== "alert") continue;
      const { runId, name, state } = tracked.record;
      this.#raised.push({ runId, name, state, alert: entry.alert, seq: entry.seq, at: entry.at });
    }
  }

  /** Alerts since the last call. Those of a transaction that failed were never stored: the caller drops them. */
  takeRaised(): readonly RaisedAlert[] {
    const raised = this.#raised;
    this.#raised = [];
    return raised;
  }

  /** A reporter said something: a run that waits, or was thought lost, goes on. @throws {RunEndedError} */
  sign(tracked: Tracked, cause: string): void {
    this.move(tracked, { type: "sign" }, { actor: "reporter", cause });
    this.#leases.renew(tracked.record.runId, this.#now());
  }

  /** Compare and set: the only place where a state changes. Returns whether it did. @throws {RunEndedError} */
  move(
    tracked: Tracked,
    event: RunEvent,
    facts: { actor: Actor; cause: string; reason?: string | null; exitCode?: number | null },
  ): boolean {
    const { record } = tracked;
    const outcome = nextRunState(record.state, event);
    if (outcome.type === "refused") throw new RunEndedError(record.runId, outcome.state);
    if (outcome.type === "same") return false;
    const { actor, cause, reason = null, exitCode = null } = facts;
    const at = this.#now();
    const next: RunRecord = {
      ...record,
      state: outcome.to,
      reason,
      exitCode,
      startedAt: record.startedAt ?? (outcome.to === "running" ? at : null),
      finishedAt: hasEnded(outcome.to) ? at : null,
    };
    const { changes } = this.#store
      .sql("UPDATE runs SET state = ?, reason = ?, exit_code = ?, started_at = ?, finished_at = ? WHERE run = ? AND state = ?")
      .run(next.state, reason, exitCode, next.startedAt, next.finishedAt, record.run, record.state);
    if (changes !== 1) throw new InvalidArgumentError(`Run ${record.runId} changed meanwhile. Try again.`, { retryable: true });
    tracked.record = next;
    tracked.open.startedAt = next.startedAt;
    this.write(tracked, [{ kind: "state", state: { from: record.state, to: next.state, cause, actor, reason } }]);
    return true;
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
