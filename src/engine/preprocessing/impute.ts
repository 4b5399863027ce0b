import type { Column } from "../table.ts";
import { type ChainState, learnChain, replayChain } from "./chain.ts";
import { countMissing } from "./columns.ts";
import { type Fill, fillMissing, fillsOf } from "./fills.ts";
import { forestPredictors } from "./forest-predictor.ts";
import { linearPredictors } from "./linear-predictor.ts";
import type { Settings } from "./settings.ts";
import type { LearnContext, Step } from "./step.ts";

interface ImputeState {
  readonly fills: readonly Fill[];
  readonly chain: ChainState | null;
}

/**
 * Fills in missing values. `meanMode`: one value per column. `missRanger` and `micePMM`: each column with missing training values is
 * predicted from all others, round after round, starting from meanMode's fills; see `chain.ts`. Columns that only new data has gaps in
 * get meanMode's fill. Nothing is missing afterwards, but in a category without any level.
 */
export const impute: Step<ImputeState> = {
  name: "impute",

  *learn(columns: readonly Column[], settings: Settings, { seed }: LearnContext) {
    if (!settings.impute || columns.length === 0) return null;
    const fills = fillsOf(columns, settings.impute_continuous);
    if (settings.impute_type === "meanMode" || !columns.some((column) => countMissing(column) > 0)) return { fills, chain: null };
    const { "pmm.k": donors, maxiter } = settings.impute_missRanger_params;
    const chain =
      settings.impute_type === "missRanger"
        ? yield* learnChain(columns, fills, forestPredictors(settings.impute_missRanger_params), { seed, donors, rounds: maxiter })
        : yield* learnChain(columns, fills, linearPredictors, { seed, donors: MICE_DONORS, rounds: MICE_ROUNDS });
    return { fills, chain };
  },

  apply(columns, { fills, chain }) {
    const filled = fillMissing(columns, fills);
    if (chain === null) return filled;
    return replayChain(columns, filled, chain, chain.kind === "forest" ? forestPredictors(null) : linearPredictors);
  },
};

/** Defaults of R's mice: donors to choose from, and rounds. */
const MICE_DONORS = 5;
const MICE_ROUNDS = 5;
