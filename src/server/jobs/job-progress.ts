import type { NodeReport, PointsReport, TextReport, TrainReport } from "../../engine/train/progress.ts";
import type { EventDraft } from "../events.ts";
import { localTime } from "../wire-time.ts";

/** The last known values that a job shows (section 16.3 of version 1). */
export interface ProgressSnapshot {
  readonly stage: string | null;
  readonly fraction: number | null;
  readonly lastMessage: string | null;
  readonly remainingSeconds: number | null;
}

/** Points that one `job.points` event carries at most, so that its header stays far below 1 MiB. */
const POINTS_PER_EVENT = 5_000;

/**
 * Gathers one job's reports between two flushes. Of several reports on a node only the latest goes on, because it is the
 * node's state; points of the same series become one report; text is kept in full.
 */
export class JobProgress {
  readonly #jobId: string;
  readonly #runId: string;
  #nodes = new Map<string, NodeReport>();
  #points = new Map<string, { report: PointsReport; step: number[]; value: (number | null)[] }>();
  #texts: TextReport[] = [];
  #snapshot: ProgressSnapshot = { stage: null, fraction: null, lastMessage: null, remainingSeconds: null };

  constructor(jobId: string, startedAt: number) {
    this.#jobId = jobId;
    const digits = localTime(startedAt).replaceAll(/\D/g, "");
    this.#runId = `${digits}-${jobId.slice(-6)}`;
  }

  get snapshot(): ProgressSnapshot {
    return this.#snapshot;
  }

  get isDirty(): boolean {
    return this.#nodes.size > 0 || this.#points.size > 0 || this.#texts.length > 0;
  }

  add(report: TrainReport): void {
    switch (report.type) {
      case "node":
        // Set again, a node keeps its place: children stay behind the parent that started before them.
        this.#nodes.set(report.node_id, report);
        break;
      case "points":
        this.#addPoints(report);
        return;
      case "text":
        this.#texts.push({ ...report, message: withoutColours(report.message) });
        break;
    }
    this.#remember(report);
  }

  /** The events that say what was gathered, and forgets it. */
  take(): EventDraft[] {
    const drafts: EventDraft[] = [];
    for (const text of this.#texts) drafts.push(this.#draft("job.progress", this.#textData(text)));
    for (const node of this.#nodes.values()) drafts.push(this.#draft("job.progress", this.#nodeData(node)));
    for (const points of this.#pointBatches()) drafts.push(this.#draft("job.points", { job_id: this.#jobId, points }));
    this.#texts = [];
    this.#nodes = new Map();
    this.#points = new Map();
    return drafts;
  }

  #addPoints(report: PointsReport): void {
    const key = `${report.series}\n${report.node_id}\n${report.split}\n${report.measure}`;
    const gathered = this.#points.get(key);
    if (gathered === undefined) {
      this.#points.set(key, { report, step: [...report.step], value: report.value.map(finiteOrNull) });
      return;
    }
    gathered.report = report;
    gathered.step.push(...report.step);
    gathered.value.push(...report.value.map(finiteOrNull));
  }

  *#pointBatches(): Generator<PointsReport[]> {
    let batch: PointsReport[] = [];
    let size = 0;
    for (const { report, step, value } of this.#points.values()) {
      for (let from = 0; from < step.length; from += POINTS_PER_EVENT) {
        const part = step.slice(from, from + POINTS_PER_EVENT);
        if (size > 0 && size + part.length > POINTS_PER_EVENT) {
          yield batch;
          batch = [];
          size = 0;
        }
        batch.push({ ...report, step: part, value: value.slice(from, from + POINTS_PER_EVENT) });
        size += part.length;
      }
    }
    if (batch.length > 0) yield batch;
  }

  #remember(report: NodeReport | TextReport): void {
    const last = this.#snapshot;
    if (report.type === "text") {
      this.#snapshot = { ...last, lastMessage: withoutColours(report.message) };
      return;
    }
    this.#snapshot = {
      stage: stageOf(report) ?? last.stage,
      fraction: report.fraction ?? last.fraction,
      lastMessage: report.message === "" ? last.lastMessage : withoutColours(report.message),
      remainingSeconds: report.remaining_seconds ?? last.remainingSeconds,
    };
  }

  #nodeData(node: NodeReport): Record<string, unknown> {
    const { type: _, at, ...fields } = node;
    return {
      job_id: this.#jobId,
      stage: stageOf(node),
      ts: localTime(at),
      level: node.status === "error" ? "error" : isLoop(node) ? "progress" : "info",
      session_id: this.#runId,
      ...fields,
      message: withoutColours(node.message),
      at,
    };
  }

  #textData(text: TextReport): Record<string, unknown> {
    const { level, message, at } = text;
    return { job_id: this.#jobId, stage: null, message, ts: localTime(at), level, session_id: this.#runId, at };
  }

  #draft(event: string, data: unknown): EventDraft {
    return { event, data, jobId: this.#jobId };
  }
}

function isLoop(node: NodeReport): boolean {
  return node.node_id.startsWith("pb");
}

/** Steps say `train`, loops nothing, as in version 1. */
function stageOf(node: NodeReport): string | null {
  return isLoop(node) ? null : "train";
}

function finiteOrNull(value: number | null): number | null {
  return value !== null && Number.isFinite(value) ? value : null;
}

/** Text without terminal colour codes. */
function withoutColours(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the escape character is what is looked for
  return text.replaceAll(/\u001b\[[0-9;]*[A-Za-z]/g, "");
}
