import type { CurvePoints, SessionEvent } from "../../client/index.ts";
import { SeriesBuffer } from "../chart/live/series-buffer.ts";
import type { Message } from "./state.ts";

/** One curve of a job. The points themselves are in `data`, which tells its listeners of new ones. */
export interface Series {
  readonly id: string;
  readonly fold: number;
  readonly split: string;
  readonly measure: string;
  readonly data: SeriesBuffer;
}

interface JobSeries {
  seq: number;
  asked: boolean;
  held: SessionEvent[];
  readonly series: Map<string, Series>;
}

/**
 * The curves of opened jobs, outside the state because they are long. Fed with the same messages as `reduce`, and by the same
 * rule: a job's history first, then the events that came after it, each once.
 */
export class SeriesBook {
  readonly #jobs = new Map<string, JobSeries>();
  readonly #changed: () => void;
  #sessionId: string | null = null;

  /** @param changed called when a job has other curves; points tell their own listeners. */
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
        const before = this.#count();
        for (const event of message.events) this.#applyEvent(event);
        if (this.#count() !== before) this.#changed();
        break;
      }
      case "session":
        if (message.session?.session_id !== this.#sessionId) this.#jobs.clear();
        this.#sessionId = message.session?.session_id ?? null;
        break;
    }
  }

  #count(): number {
    let count = 0;
    for (const job of this.#jobs.values()) count += job.series.size;
    return count;
  }

  #applyEvent(event: SessionEvent): void {
    if (event.event !== "job.points") return;
    const { job_id, points } = event.data as { job_id: string; points: readonly CurvePoints[] };
    const job = this.#jobs.get(job_id);
    if (job === undefined) return;
    if (job.asked) {
      job.held.push(event);
      return;
    }
    if (event.seq !== null) {
      if (event.seq <= job.seq) return;
      job.seq = event.seq;
    }
    for (const batch of points) append(job, batch);
  }
}

function append(job: JobSeries, points: CurvePoints): void {
  let series = job.series.get(points.series);
  if (series === undefined) {
    const { fold, split, measure } = points;
    series = { id: points.series, fold, split, measure, data: new SeriesBuffer() };
    job.series.set(points.series, series);
  }
  series.data.appendMany(points.step, points.value);
}
