import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TrainReport } from "../../src/engine/train/progress.ts";
import type { TrainResult } from "../../src/engine/train/result.ts";
import type { TrainJobOptions } from "../../src/server/jobs/train-job.ts";
import type { RunningServer, ServeOptions } from "../../src/server/serve.ts";
import type { ComputeProfile, ProfileStatus, TaskHandle, TaskReference } from "../../src/tasks/profile.ts";
import { cleanUp } from "./clean-up.ts";

const ROOT = new URL("../../", import.meta.url);

/** `serve` as it is built: its daemons are processes and need JavaScript on disk. */
export const { serve } = (await import(new URL("dist/server/serve.js", ROOT).href)) as typeof import("../../src/server/serve.ts");

export function sampleBytes(name: string): Buffer {
  return readFileSync(new URL(`samples/${name}.csv`, ROOT));
}

/** A folder that is gone after the test, or after the file's tests when it was made outside of one. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "trainyard-test-"));
  cleanUp(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A server on a free port with an empty data folder; closed after the test, or after the file's tests when it was started outside of one. */
export async function testServer(options: ServeOptions = {}): Promise<RunningServer> {
  const server = await serve({ port: 0, dataDir: temporaryFolder(), verbosity: 0, daemons: 1, heartbeatMs: 0, ...options });
  cleanUp(() => server.close());
  return server;
}

/** Runs tasks in this process, one after the other: no daemon has to start. Built code, as in daemons. */
export class InlineProfile implements ComputeProfile {
  readonly name = "inline";
  readonly #cache = new Map<string, unknown>();
  #last: Promise<unknown> = Promise.resolve();
  #submitted = 0;

  submit<Result>(task: TaskReference, args: unknown): TaskHandle<Result> {
    const context = { note: () => {}, signal: new AbortController().signal, breathe: async () => {}, cache: this.#cache };
    const result = this.#last.then(async () => {
      const module = (await import(task.module)) as Record<string, (args: unknown, context: unknown) => Promise<Result>>;
      return module[task.export]!(args, context);
    });
    this.#last = result.catch(() => {});
    return { id: ++this.#submitted, state: "running", result, cancel: () => false };
  }

  status(): ProfileStatus {
    return { daemons: [], queued: 0, running: 0 };
  }

  resize(): void {}

  async close(): Promise<void> {
    await this.#last;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** One job in the hands of a test. */
export interface ScriptedRun {
  readonly options: TrainJobOptions;
  report(report: TrainReport): void;
  /** The work is done: files are written and the promise resolves. */
  finish(): void;
  fail(error: Error): void;
}

/** Stands in for the engine: jobs run until the test says otherwise, and stop when they are cancelled. */
export class ScriptedRunner {
  readonly runs: ScriptedRun[] = [];
  /** Cancelled work goes on until the test ends it. */
  isStubborn = false;
  #waits: { count: number; resolve: () => void }[] = [];

  readonly runner = (options: TrainJobOptions): Promise<TrainResult> =>
    new Promise((resolve, reject) => {
      options.signal.addEventListener("abort", () => {
        if (!this.isStubborn) reject(new Error("stopped"));
      });
      this.runs.push({
        options,
        report: options.report,
        finish: () => {
          const result = resultOf(options);
          writeFileSync(join(options.jobFolder, "result.json"), JSON.stringify(result));
          writeFileSync(join(options.jobFolder, "model.tym"), "a model");
          resolve(result);
        },
        fail: reject,
      });
      for (const wait of this.#waits) if (this.runs.length >= wait.count) wait.resolve();
    });

  /** The run with that 1-based number, once it has started. */
  async run(number: number): Promise<ScriptedRun> {
    if (this.runs.length < number) await new Promise<void>((resolve) => this.#waits.push({ count: number, resolve }));
    return this.runs[number - 1]!;
  }
}

function resultOf({ config }: TrainJobOptions): TrainResult {
  const auc = { mean: 0.9, sd: 0.05, folds: [0.85, 0.95], interval: null };
  return {
    format: "trainyard.result",
    version: 1,
    task: "binary",
    algorithm: config.algorithm,
    target: config.target,
    features: config.features,
    classes: ["no", "yes"],
    positive_class: "yes",
    rows: 100,
    rows_missing_target: 0,
    config,
    resampling: { type: "KFold", description: "2-fold cross-validation" },
    folds: [],
    metrics: { training: { auc }, test: { auc }, baseline: null },
    confusion: {
      classes: ["no", "yes"],
      counts: [
        [40, 10],
        [5, 45],
      ],
    },
    class_metrics: null,
    roc: [],
    calibration: [],
    importance: null,
    final: null,
    warnings: [],
    seconds: 1,
  };
}

/** A report on one node, as the engine makes them. */
export function nodeReport(fields: Partial<Extract<TrainReport, { type: "node" }>>): TrainReport {
  return {
    type: "node",
    node_id: "n1",
    parent_id: null,
    kind: "train",
    label: null,
    status: "start",
    message: "train",
    started_at: 1_000,
    ended_at: null,
    at: 1_000,
    ...fields,
  };
}

export function pointsReport(step: number[], value: number[]): TrainReport {
  return {
    type: "points",
    series: "fold 1/2 · training",
    node_id: "n3",
    fold: 1,
    split: "training",
    measure: "log-loss",
    step,
    value,
    at: 1_000,
  };
}
