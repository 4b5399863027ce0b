import type { Hyperparameters } from "../hyperparameter.ts";

/** What a job without a target does: find components, or groups of rows. Names as on the wire. */
export type UnsupervisedKind = "decomp" | "cluster";

/** A checked configuration, complete enough to repeat the job to the bit. JSON-safe. */
export interface UnsupervisedConfig {
  readonly kind: UnsupervisedKind;
  /** Canonical name. */
  readonly algorithm: string;
  /** What was given; defaults are not filled in, so that a record can tell what the user chose. */
  readonly hyperparameters: Hyperparameters;
  /** Columns used, in table order unless named otherwise. */
  readonly features: readonly string[];
  readonly seed: number;
  readonly question: string | null;
}
