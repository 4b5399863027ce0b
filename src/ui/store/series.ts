import type { CurvePoints, SessionEvent } from "../../client/index.ts";
import type { Message } from "./state.ts";

/** One curve: points in arrays that double when full. Only the first `length` entries count. NaN stands for "not finite". */
export interface Series {
  readonly id: string;
  readonly fold: number;
  readonly split: string;
  readonly measure: string;
  x: Float64Array;
  y: Float64Array;
  length: number;
  /** Grows with every change. */
  version: number;
}

interface JobSeries {
  seq: number;
  asked: boolean;
  held: SessionEvent[];
  readonly series: Map<string, Series>;
}

const FIRST_CAPACITY = 256;

/**
 * The curves of opened jobs, outside the state because they are long. Fed with the same messages as `reduce`, and by the same
 * rule: a job's history first, then the events that came after it, each once.
 */
export class SeriesBook {
  readonly #jobs = new Map<string, JobSeries>();
  readonly #changed: () => void;
  #sessionId: string | null = null;

  /** @param changed called after points were added. */
  constructor(changed: () => void = () => {}) {
    this.#changed = changed;
  }

  /** The curves of a job in order of first appearance; empty when it is not opened. */
  of(jobId: string): readonly Series[] {
    return [...(this.#jobs.get(jobId)?.series.values() ?? [])];
  }

  apply(message: Message): void {
    switch (message.type) {
      case "history.asked": {
        const known = this.#jobs.get(message.jobId);
        if (known === undefined) this.#jobs.set(message.jobId, { seq: 0, asked: true, held: [], series: new Map() });
        else known.asked = true;
        break;
      }
      case "history.failed":
        this.#jobs.delete(message.jobId);
        break;
      case "history": {
        const { job_id, seq, series } = message.history;
        const held = this.#jobs.get(job_id)?.held ?? [];
        const job: JobSeries = { seq, asked: false, held: [], series: new Map() };
        this.#jobs.set(job_id, job);
        for (const points of series) append(job, points);
        for (const event of held) this.#applyEvent(event);
        this.#changed();
        break;
      }
      case "events": {
        let grew = false;
        for (const event of message.events) grew = this.#applyEvent(event) || grew;
        if (grew) this.#changed();
        break;
      }
      case "session":
        if (message.session?.session_id !== this.#sessionId) this.#jobs.clear();
        this.#sessionId = message.session?.session_id ?? null;
        break;
    }
  }

  #applyEvent(event: SessionEvent): boolean {
    if (event.event !== "job.points") return false;
    const { job_id, points } = event.data as { job_id: string; points: readonly CurvePoints[] };
    const job = this.#jobs.get(job_id);
    if (job === undefined) return false;
    if (job.asked) {
      job.held.push(event);
      return false;
    }
    if (event.seq !== null) {
      if (event.seq <= job.seq) return false;
      job.seq = event.seq;
    }
    for (const batch of points) append(job, batch);
    return true;
  }
}

function append(job: JobSeries, points: CurvePoints): void {
  let series = job.series.get(points.series);
  if (series === undefined) {
    const { fold, split, measure } = points;
    series = {
      id: points.series,
      fold,
      split,
      measure,
      x: new Float64Array(FIRST_CAPACITY),
      y: new Float64Array(FIRST_CAPACITY),
      length: 0,
      version: 0,
    };
    job.series.set(points.series, series);
  }
  const needed = series.length + points.step.length;
  if (needed > series.x.length) {
    const capacity = Math.max(needed, series.x.length * 2);
    series.x = grown(series.x, capacity);
    series.y = grown(series.y, capacity);
  }
  series.x.set(points.step, series.length);
  for (let i = 0; i < points.step.length; i++) series.y[series.length + i] = points.value[i] ?? Number.NaN;
  series.length = needed;
  series.version++;
}

function grown(values: Float64Array, capacity: number): Float64Array {
  const larger = new Float64Array(capacity);
  larger.set(values);
  return larger;
}
