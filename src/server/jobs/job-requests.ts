import type { ConfigProblem } from "../../core/errors.ts";
import type { HeldOutMap } from "../../engine/train/held-out-names.ts";
import type { TableShape } from "../../engine/train/shape.ts";
import type { UnsupervisedKind } from "../../engine/unsupervised/config.ts";
import { WireError } from "../live/wire-error.ts";
import type { StoredJob } from "./job-folders.ts";
import type { JobRow } from "./job-rows.ts";

/** What lists show of a job from the start. */
export type JobFacts = Pick<JobRow, "type" | "algorithm" | "target" | "task">;

export interface CheckedJob {
  readonly config: StoredJob["config"];
  readonly warnings: readonly string[];
  readonly facts: JobFacts;
}

/** Checks what a client asks for against a data set, and those given beside it. @throws {WireError} `invalid_params` with every fault. */
export type JobRequest = (shape: TableShape, heldOut: HeldOutMap<TableShape>) => Promise<CheckedJob>;

/** A training job from the document inside the params of `train`. The engine's checks are loaded on first use. */
export function trainRequest(params: Readonly<Record<string, unknown>>): JobRequest {
  return async (shape, heldOut) => {
    const { checkTrainConfig, taskOf } = await import("../../engine/train/validate.ts");
    const { config, problems, warnings } = checkTrainConfig(params, shape, { heldOut });
    if (config === null) throw refusal(problems);
    const target = shape.columns.find((column) => column.name === config.target) ?? null;
    return {
      config,
      warnings,
      facts: { type: "train", algorithm: config.algorithm, target: config.target, task: taskOf(config.task, target) },
    };
  };
}

/** A decomposition or a clustering from the params of `decomp` or `cluster`. */
export function unsupervisedRequest(kind: UnsupervisedKind, params: Readonly<Record<string, unknown>>): JobRequest {
  return async (shape) => {
    const { checkUnsupervised } = await import("../../engine/unsupervised/validate.ts");
    const { config, problems } = checkUnsupervised(kind, params, shape);
    if (config === null) throw refusal(problems);
    if (params.features === undefined || params.features === null) checkAllNumeric(shape);
    return { config, warnings: [], facts: { type: kind, algorithm: config.algorithm, target: null, task: null } };
  };
}

/** Without a choice of features every column is used; a column of text among them is noticed before anything runs. */
function checkAllNumeric({ columns }: TableShape): void {
  const texts = columns.filter((column) => column.kind === "categorical").map((column) => `"${column.name}"`);
  if (texts.length === 0) return;
  const what =
    texts.length === 1 ? `the column ${texts[0]} holds` : `the columns ${texts.slice(0, 5).join(", ")}${texts.length > 5 ? " …" : ""} hold`;
  const numeric = columns.length - texts.length;
  const remedy =
    numeric === 0 ? "The table has no numeric columns." : `Name the columns to use in features, for instance the ${numeric} numeric ones.`;
  throw refusal([{ path: "features", message: `features is missing, so every column is used, but ${what} text. ${remedy}` }]);
}

function refusal(problems: readonly ConfigProblem[]): WireError {
  return new WireError("invalid_params", problems.map((problem) => problem.message).join(" "), { problems });
}
