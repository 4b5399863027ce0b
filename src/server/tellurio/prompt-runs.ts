import { messageOf, TrainyardError } from "../../core/errors.ts";
import { type PromptEntry, PromptLog } from "./prompt-log.ts";
import { PromptRecorder } from "./prompt-recorder.ts";
import type { RunInfo, RunSink } from "./run-sink.ts";

/** While a call is open its run's trainer is known to live. */
const BEAT_MS = 15_000;
/** Recorders that stay in memory; the one that was made first goes first, when it has nothing to write. */
const RECORDERS_MAX = 256;

/** One line of the list of prompt trainings. */
export interface PromptRunSummary extends RunInfo {
  readonly step: number;
  readonly score: number | null;
  readonly cost_usd: number;
}

/** Prompt trainings among the runs of this server: their logs, and whether they may go on. */
export class PromptRuns {
  readonly log: PromptLog;
  readonly #sink: RunSink;
  readonly #report: (line: string) => void;
  readonly #recorders = new Map<string, PromptRecorder>();

  constructor(folder: string, sink: RunSink, report: (line: string) => void) {
    this.log = new PromptLog(folder);
    this.#sink = sink;
    this.#report = report;
  }

  info(runId: string): RunInfo | null {
    return this.#sink.info(runId);
  }

  /** Who writes down what happens in that run; null when this server has no such run. */
  recorder(runId: unknown): PromptRecorder | null {
    if (typeof runId !== "string") return null;
    const known = this.#recorders.get(runId);
    if (known !== undefined || !this.log.isOpen || this.#sink.info(runId) === null) return known ?? null;
    if (this.#recorders.size >= RECORDERS_MAX) {
      const [oldest, recorder] = this.#recorders.entries().next().value!; // not empty
      recorder.flush();
      this.#recorders.delete(oldest);
    }
    const made = new PromptRecorder(runId, this.log, {
      point: (name, value, step) => this.#sink.point(runId, name, value, step),
      fault: (error) => this.#report(`prompt training: run ${runId} is not written down: ${messageOf(error)}`),
    });
    this.#recorders.set(runId, made);
    return made;
  }

  /** Writes down what waits, before a run ends or its session does. */
  flush(runId: unknown): void {
    if (typeof runId === "string") this.#recorders.get(runId)?.flush();
  }

  /**
   * Does a long piece of work for a run. Somebody who stops the run aborts it.
   * @throws {TrainyardError} `cancelled` when the run was asked to stop, before or meanwhile.
   */
  async whileGoingOn<Result>(
    runId: unknown,
    signal: AbortSignal,
    work: (signal: AbortSignal) => Result | Promise<Result>,
  ): Promise<Result> {
    if (typeof runId !== "string" || this.#sink.info(runId) === null) return work(signal);
    const stop = new AbortController();
    const stopped = new TrainyardError("cancelled", "The run was stopped on the page. End it, or start another one.");
    const look = (): void => {
      if (this.#sink.isStopping(runId)) stop.abort(stopped);
    };
    look();
    stop.signal.throwIfAborted();
    const unwatch = this.#sink.watch(runId, look);
    const beat = setInterval(() => this.#sink.beat(runId), BEAT_MS);
    beat.unref();
    try {
      return await work(AbortSignal.any([signal, stop.signal]));
    } catch (error) {
      throw stop.signal.aborted ? stopped : error;
    } finally {
      clearInterval(beat);
      unwatch();
    }
  }

  /** Newest first. Logs whose run was removed go with it. */
  list(): PromptRunSummary[] {
    const all = this.log.runIds().flatMap((runId) => {
      const info = this.#sink.info(runId);
      if (info === null) this.remove(runId);
      return info === null ? [] : [this.#summary(info)];
    });
    return all.sort((a, b) => b.created_at - a.created_at);
  }

  remove(runId: string): void {
    this.#recorders.delete(runId);
    this.log.remove(runId);
  }

  /** Calls `listener` when the run's state or its log has changed. */
  watch(runId: string, listener: () => void): () => void {
    const stops = [this.#sink.watch(runId, listener), this.log.watch(runId, listener)];
    return () => {
      for (const stop of stops) stop();
    };
  }

  close(): void {
    for (const recorder of this.#recorders.values()) recorder.flush();
    this.#recorders.clear();
    this.log.close();
  }

  #summary(info: RunInfo): PromptRunSummary {
    const number = (entry: PromptEntry | null, name: string): number | null => {
      const value = entry?.body[name];
      return typeof value === "number" ? value : null;
    };
    const step = this.log.newest(info.id, "step");
    return {
      ...info,
      step: number(step, "step") ?? 0,
      cost_usd: number(step, "cost_usd") ?? 0,
      score: number(this.log.newest(info.id, "score"), "mean"),
    };
  }
}
