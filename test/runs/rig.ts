import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { type ParsedPoints, parseColumns } from "../../src/runs/parse-points.ts";
import { Runs } from "../../src/runs/runs.ts";

/** Runs in a folder of their own, with a clock that the test moves. */
export class RunsRig {
  now = 1_000_000;
  readonly folder = mkdtempSync(join(tmpdir(), "trainyard-runs-"));
  runs: Runs;

  constructor() {
    this.runs = this.#open();
    onTestFinished(() => {
      this.runs.close();
      rmSync(this.folder, { recursive: true, force: true });
    });
  }

  /** A new start on the same folder. With `kill`, the memory of the old one is lost and nothing is put away. */
  restart({ kill = false } = {}): void {
    if (kill) {
      this.runs.store.close();
      // Its `close` must not write any more.
      Object.assign(this.runs, { close: () => {} });
    } else this.runs.close();
    this.runs = this.#open();
  }

  /** Lets time pass and everything happen that is due. */
  pass(ms: number): void {
    this.now += ms;
    this.runs.sweep();
  }

  #open(): Runs {
    return new Runs({ folder: this.folder, now: () => this.now, leaseMs: 45_000 });
  }
}

/** Points as a reporter sends them. */
export function points(
  values: Record<string, unknown>,
  more: { steps?: number[]; producer?: string; sequence?: number; times?: number[] } = {},
): ParsedPoints {
  const length = Math.max(...Object.values(values).map((column) => (Array.isArray(column) ? column.length : 1)));
  return parseColumns({ steps: Array.from({ length }, (_, i) => i), ...more, values }, 5000);
}
