import type { TrainReport } from "../engine/train/progress.ts";

const BAR_WIDTH = 24;

/** Progress of one job: a bar that redraws itself on a terminal, plain lines elsewhere. */
export class ProgressLine {
  readonly #stream: NodeJS.WriteStream;
  #lastTenth = 0;
  #drawnAt = 0;
  #width = 0;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  report(report: TrainReport): void {
    if (report.type === "text") this.#line(report.message);
    if (report.type !== "node") return;
    if (report.kind === "outer_fold" && report.status !== "start" && report.status !== "update" && !this.#stream.isTTY) {
      this.#line(`fold ${report.label ?? ""} ${report.status}`);
    }
    if (report.fraction === undefined) return;
    if (this.#stream.isTTY) this.#draw(report.fraction, report.remaining_seconds ?? null, report.at);
    else this.#tenths(report.fraction, report.remaining_seconds ?? null);
  }

  /** Clears the bar. Calling it twice is fine. */
  end(): void {
    if (this.#width === 0) return;
    this.#stream.write(`\r${" ".repeat(this.#width)}\r`);
    this.#width = 0;
  }

  #draw(fraction: number, remaining: number | null, at: number): void {
    if (at - this.#drawnAt < 50 && fraction < 1) return;
    this.#drawnAt = at;
    const full = Math.round(fraction * BAR_WIDTH);
    const text = `${"█".repeat(full)}${"░".repeat(BAR_WIDTH - full)} ${(100 * fraction).toFixed(0).padStart(3)} %${inWords(remaining)}`;
    this.#stream.write(`\r${text.padEnd(this.#width)}`);
    this.#width = text.length;
  }

  #tenths(fraction: number, remaining: number | null): void {
    const tenth = Math.floor(fraction * 10);
    if (tenth <= this.#lastTenth) return;
    this.#lastTenth = tenth;
    this.#line(`${tenth * 10} %${inWords(remaining)}`);
  }

  #line(text: string): void {
    this.end();
    this.#stream.write(`${text}\n`);
  }
}

function inWords(seconds: number | null): string {
  if (seconds === null || seconds < 1) return "";
  return seconds < 90 ? `, about ${Math.round(seconds)} s left` : `, about ${Math.round(seconds / 60)} min left`;
}
