import { messageOf, TrainyardError } from "../../core/errors.ts";
import { headlineMetric, METRIC_INFO } from "../metrics/index.ts";
import { assembleResult, type FoldOutcome, type TuningOutcome } from "./assemble.ts";
import { plural } from "./field-reader.ts";
import { type Candidate, candidateLabel, candidatesOf } from "./grid.ts";
import type { PointsReport, TrainReport } from "./progress.ts";
import { type ProgressNode, progressTree } from "./progress-tree.ts";
import type { TrainingHost, TrainingOutcome, TrainingRequest, UnitPoints } from "./training-host.ts";
import { bestCandidate, scoreCandidate, tuningMetric } from "./tuning.ts";
import type { CellResult, FitResult, FitUnit, Preprocessed, Unit, UnitResult } from "./unit.ts";
import { UnitQueue } from "./unit-queue.ts";
import { taskOf } from "./validate.ts";
import { WorkEstimate } from "./work-estimate.ts";

/**
 * Trains: for each outer fold tunes on inner resamples, fits the chosen candidate and tests it; then the same on all rows for the model
 * that is kept. Units run wherever the host runs them; the outcome has the same bits whatever their order and number at once.
 *
 * A fold that fails is reported and left out; the job fails when the final model fails, when no fold succeeds, or when the signal
 * aborts (code `cancelled`).
 */
export async function runTraining(
  request: TrainingRequest,
  host: TrainingHost,
  report: (report: TrainReport) => void,
  signal: AbortSignal,
): Promise<TrainingOutcome> {
  return new TrainingRun(request, host, report, signal).run();
}

class TrainingRun {
  readonly #request: TrainingRequest;
  readonly #host: TrainingHost;
  readonly #report: (report: TrainReport) => void;
  readonly #signal: AbortSignal;
  readonly #queue: UnitQueue;
  readonly #candidates: readonly Candidate[];
  readonly #work: WorkEstimate;
  readonly #startedAt: number;
  readonly #root: ProgressNode;
  readonly #loop: ProgressNode;
  readonly #abort = new AbortController();
  #foldsDone = 0;
  #loopReportedAt = 0;

  constructor(request: TrainingRequest, host: TrainingHost, report: (report: TrainReport) => void, signal: AbortSignal) {
    this.#request = request;
    this.#host = host;
    this.#report = report;
    this.#signal = signal;
    // One more than the daemons, so that a free daemon never waits for the coordinator.
    this.#queue = new UnitQueue(() => host.daemons() + 1);
    this.#candidates = candidatesOf(request.config);
    const searches = request.outerLabels.map((_, index) => index + 1).concat(0);
    const cells = this.#tunes ? searches.reduce((sum, fold) => sum + this.#candidates.length * request.innerCount(fold), 0) : 0;
    this.#work = new WorkEstimate(cells, searches.length);
    this.#startedAt = host.now();
    const kind = taskOfRequest(request) === "regression" ? "regression" : "classification";
    this.#root = progressTree(report, () => host.now())("train", { label: `${request.config.algorithm} ${kind}` });
    this.#loop = this.#root.child("outer_resampling", { label: "Outer resamples", total: Math.max(1, request.outerLabels.length) });
  }

  get #tunes(): boolean {
    return this.#candidates.length > 1;
  }

  async run(): Promise<TrainingOutcome> {
    const stop = (): void => {
      const reason = new TrainyardError("cancelled", "The job was cancelled.");
      this.#queue.stop(reason);
      this.#abort.abort(reason);
    };
    if (this.#signal.aborted) stop();
    this.#signal.addEventListener("abort", stop, { once: true });
    try {
      const folds = this.#request.outerLabels.map((label, index) => this.#runFold(index + 1, label));
      const final = this.#runFinal();
      const settled = await Promise.allSettled([...folds, final]);
      if (this.#signal.aborted) throw new TrainyardError("cancelled", "The job was cancelled.");
      const outcome = await this.#conclude(await final, settled.slice(0, -1));
      this.#loop.done({ fraction: 1, remaining_seconds: 0 });
      this.#root.done();
      return outcome;
    } catch (error) {
      this.#root.fail(this.#signal.aborted ? "aborted" : "error", messageOf(error));
      throw error;
    } finally {
      this.#signal.removeEventListener("abort", stop);
    }
  }

  async #runFold(fold: number, label: string): Promise<FoldOutcome> {
    const node = lazyNode(() => this.#loop.child("outer_fold", { label: `${fold}/${this.#request.outerLabels.length}`, fold }));
    try {
      const tuning = this.#tunes ? await this.#tune(fold, node) : null;
      const candidate = tuning?.candidate ?? this.#candidates[0]!;
      const fit = await this.#fit({ kind: "fit", fold, candidate }, node);
      node().done({ metric: fit.test?.[headlineMetric(taskOfRequest(this.#request))] ?? null });
      this.#foldsDone++;
      this.#reportLoop(true);
      return { fold, label, tuning, fit, error: null };
    } catch (error) {
      if (this.#signal.aborted) throw error;
      const message = messageOf(error);
      node().fail("error", `Fold ${fold} failed: ${message}`);
      this.#report({ type: "text", level: "error", message: `Fold ${fold} failed: ${message}`, at: this.#host.now() });
      return { fold, label, tuning: null, fit: null, error };
    }
  }

  /** The model that is kept: tuned and fitted on all rows. */
  async #runFinal(): Promise<{ readonly tuning: TuningOutcome | null; readonly fit: FitResult }> {
    const node = lazyNode(() => this.#root.child("train_alg", { label: "final model, all rows", fold: 0 }));
    try {
      const tuning = this.#tunes ? await this.#tune(0, node) : null;
      const fit = await this.#fit({ kind: "fit", fold: 0, candidate: tuning?.candidate ?? this.#candidates[0]! }, node);
      node().done();
      return { tuning, fit };
    } catch (error) {
      node().fail(this.#signal.aborted ? "aborted" : "error", messageOf(error));
      throw error;
    }
  }

  async #tune(fold: number, parent: () => ProgressNode): Promise<TuningOutcome & { readonly candidate: Candidate }> {
    const { config } = this.#request;
    const { metric, maximize } = tuningMetric(config, taskOfRequest(this.#request), METRIC_INFO);
    const loop = lazyNode(() => parent().child("tune", { label: "Tuning", fold, total: this.#candidates.length }));
    const inner = this.#request.innerCount(fold);
    let finished = 0;
    const cells = await Promise.all(
      this.#candidates.map(async (candidate, index) => {
        const cell = index + 1;
        const node = lazyNode(() => loop().child("grid_cell", { label: candidateLabel(config, candidate), fold, cell }));
        const runs = await Promise.all(
          Array.from({ length: inner }, (_, i) => this.#unit({ kind: "cell", fold, cell, inner: i, candidate }, () => void node(), null)),
        );
        const scored = scoreCandidate(config, metric, runs as readonly CellResult[]); // cell units answer with cell results
        node().done({ metric: scored.metric });
        loop().update(++finished);
        return { cell, candidate, ...scored };
      }),
    );
    loop().done();
    const best = bestCandidate(cells, maximize);
    return { metric, maximize, cells, best: best.cell, candidate: best.candidate };
  }

  async #fit(unit: FitUnit, parent: () => ProgressNode): Promise<FitResult> {
    const node = lazyNode(() =>
      unit.fold === 0 && !this.#tunes ? parent() : parent().child("train_alg", { label: this.#request.config.algorithm, fold: unit.fold }),
    );
    const outer = this.#request.outerLabels.length;
    const series = unit.fold === 0 ? "final model" : `fold ${unit.fold}/${outer}`;
    let startedAt = this.#host.now();
    const result = await this.#unit(
      unit,
      () => {
        startedAt = this.#host.now();
        node();
      },
      (points) => {
        const last = points.step.at(-1) ?? 0;
        node().update(last, points.total === null ? {} : { total: points.total });
        for (const [split, value] of Object.entries(points.values)) {
          const point: PointsReport = {
            type: "points",
            series: `${series} · ${split}`,
            node_id: node().id,
            fold: unit.fold,
            split,
            measure: points.measure,
            step: points.step,
            value,
            at: this.#host.now(),
          };
          this.#report(point);
        }
      },
    );
    const fit = result as FitResult; // fit units answer with fit results
    if (fit.preprocessing !== null) reportPreprocessing(node(), fit.preprocessing, unit.fold, startedAt);
    if (unit.fold !== 0 || this.#tunes) node().done();
    return fit;
  }

  /** Runs one unit through the queue and keeps the books. */
  async #unit(unit: Unit, onStart: () => void, onPoints: ((points: UnitPoints) => void) | null): Promise<UnitResult> {
    const priority = unit.fold === 0 ? Number.MAX_SAFE_INTEGER : unit.fold;
    const result = await this.#queue.add(priority, () =>
      this.#host.runUnit(unit, {
        signal: this.#abort.signal,
        onStart,
        onPoints: (points) => {
          if (points.total !== null) this.#work.progressed(unit, (points.step.at(-1) ?? 0) / points.total);
          onPoints?.(points);
          this.#reportLoop(false);
        },
      }),
    );
    this.#work.finished(unit, result.seconds);
    this.#reportLoop(false);
    return result;
  }

  /** Reports how far the whole job is, at most every 100 ms unless something changed for good. */
  #reportLoop(always: boolean): void {
    const now = this.#host.now();
    if (!always && now - this.#loopReportedAt < 100) return;
    this.#loopReportedAt = now;
    this.#loop.update(this.#foldsDone, {
      fraction: this.#work.fraction,
      remaining_seconds: this.#work.remainingSeconds(this.#host.daemons()),
    });
  }

  async #conclude(
    final: { readonly tuning: TuningOutcome | null; readonly fit: FitResult },
    settled: readonly PromiseSettledResult<unknown>[],
  ): Promise<TrainingOutcome> {
    const folds = settled.map((entry) => (entry as PromiseFulfilledResult<FoldOutcome>).value); // folds only reject when cancelled
    const failed = folds.filter((fold) => fold.error !== null);
    if (folds.length > 0 && failed.length === folds.length) throw failed[0]!.error;
    const node = this.#root.child("metrics");
    const outcome = await assembleResult(
      this.#request,
      folds,
      final,
      (input) => this.#host.summarise(input),
      () => (this.#host.now() - this.#startedAt) / 1000,
    );
    node.done();
    return outcome;
  }
}

/** Preparing features is the first part of a unit, known when the unit is done: its node is dated back. */
function reportPreprocessing(parent: ProgressNode, { columns, leftOut, seconds }: Preprocessed, fold: number, startedAt: number): void {
  const label = `${plural(columns, "column")}${leftOut === 0 ? "" : `, ${plural(leftOut, "row")} left out`}`;
  parent.child("preprocess", { label, fold }).done({ started_at: startedAt, ended_at: startedAt + Math.round(seconds * 1000) });
}

/** A node that appears in the tree when it is first needed, so that what has not begun is not shown as begun. */
function lazyNode(open: () => ProgressNode): () => ProgressNode {
  let node: ProgressNode | null = null;
  return () => {
    node ??= open();
    return node;
  };
}

function taskOfRequest(request: TrainingRequest): ReturnType<typeof taskOf> {
  return taskOf(request.config.task, { n_unique: request.classes.length });
}
