import type { Model, ModelState, Problem } from "../algorithm.ts";
import { ranger } from "../algorithms/ranger/ranger.ts";
import type { Hyperparameters } from "../hyperparameter.ts";
import { predictedCodes } from "../metrics/multiclass.ts";
import type { Column } from "../table.ts";
import type { Predictor, Predictors } from "./chain.ts";
import { lengthOf } from "./columns.ts";
import type { Settings } from "./settings.ts";

interface ForestState {
  /** Null where there was only one class: then it is always predicted. */
  readonly model: ModelState | null;
  /** Levels of a category; 0 for numbers. */
  readonly classes: number;
}

/** Random forests, as R's missRanger grows them. `params` may be null where forests are only loaded. */
export function forestPredictors(params: Settings["impute_missRanger_params"] | null): Predictors {
  return {
    kind: "forest",
    classifies: true,
    *fit(others, target, seed) {
      const problem = problemOf(others, target);
      const classes = problem.classes.length;
      if (problem.task !== "regression" && classes < 2) return predictorOf(null, classes);
      const steps = ranger.fit(problem, hyperparameters(params), { seed, validation: null });
      for (;;) {
        const next = steps.next();
        if (next.done === true) return predictorOf(next.value, classes);
        yield null;
      }
    },
    load(state) {
      const { model, classes } = state as ForestState; // `state()` below wrote it
      return predictorOf(model === null ? null : ranger.load(model), classes);
    },
  };
}

function predictorOf(model: Model | null, classes: number): Predictor {
  const facts = model?.facts() ?? {};
  const error = classes === 0 ? 1 - Number(facts.oob_r_squared ?? 0) : facts.oob_error;
  return {
    predict(others) {
      if (model === null) return new Float64Array(others[0] === undefined ? 0 : lengthOf(others[0]));
      const values = model.predict(others);
      return classes === 0 ? values : Float64Array.from(predictedCodes(values, classes));
    },
    state: (): ForestState => ({ model: model?.state() ?? null, classes }),
    error: typeof error === "number" ? error : null,
  };
}

function problemOf(others: readonly Column[], target: Column): Problem {
  const levels = target.kind === "categorical" ? target.levels : [];
  return {
    task: target.kind === "numeric" ? "regression" : levels.length > 2 ? "multiclass" : "binary",
    rows: lengthOf(target),
    features: others,
    target: target.kind === "numeric" ? target.values : Float64Array.from(target.codes),
    classes: levels,
    weights: null,
  };
}

function hyperparameters(params: Settings["impute_missRanger_params"] | null): Hyperparameters {
  const defaults = Object.fromEntries(ranger.hyperparameters.map((schema) => [schema.name, schema.default]));
  return {
    ...defaults,
    importance: "none",
    ...(params === null ? {} : { num_trees: Math.max(1, params["num.trees"]), max_depth: params["max.depth"] }),
  };
}
