import type { Table } from "../table.ts";
import type { TrainConfig } from "./config.ts";
import type { HeldOutMap } from "./held-out-names.ts";
import type { HeldOutCount, TrainResult } from "./result.ts";
import type { PredictionSummary, SummaryInput } from "./summarise.ts";
import type { Unit, UnitResult } from "./unit.ts";

/** What training needs from its surroundings: somewhere to run units, and a clock. */
export interface TrainingHost {
  /** Runs one unit, here or elsewhere. Rejects when the unit failed; the rejection is reported with the fold it belongs to. */
  runUnit(unit: Unit, hooks: UnitHooks): Promise<UnitResult>;
  /** Runs `summarisePredictions`, here or elsewhere. */
  summarise(input: SummaryInput): Promise<PredictionSummary>;
  /** How many units can run at once. */
  daemons(): number;
  /** Epoch ms. */
  now(): number;
}

export interface UnitHooks {
  readonly signal: AbortSignal;
  /** The unit has left the queue. */
  onStart(): void;
  onPoints(points: UnitPoints): void;
}

/** Columns of curve points of one split, and how far the unit is. */
export interface UnitPoints {
  readonly measure: string;
  readonly step: readonly number[];
  /** Split (`training`, `validation`) → values; null where not finite. */
  readonly values: Readonly<Record<string, readonly (number | null)[]>>;
  readonly total: number | null;
}

export interface TrainingRequest {
  readonly config: TrainConfig;
  /** Class labels by code, positive last of two; empty for regression. As `prepareTraining` finds them. */
  readonly classes: readonly string[];
  readonly rows: number;
  readonly rowsMissingTarget: number;
  /** Labels of the outer resamples, in order; empty for a single fit. */
  readonly outerLabels: readonly string[];
  /** Inner resamples per search: outer folds 1 … k, and 0 for all rows. */
  readonly innerCount: (fold: number) => number;
  /** Of tables given beside the training table. */
  readonly heldOut: HeldOutMap<HeldOutCount>;
  readonly warnings: readonly string[];
}

export interface TrainingOutcome {
  readonly result: TrainResult;
  /** `row`, `fold`, `split`, `actual`, `predicted`, `prob_…`: held-out rows, or training rows of a single fit that nothing judges. */
  readonly predictions: Table;
  /** The same columns for the rows that were trained on; null where `predictions` has them. */
  readonly trainingPredictions: Table | null;
  readonly model: Uint8Array;
}
