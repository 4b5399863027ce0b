import type { ConfigProblem } from "../../core/errors.ts";
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

/** Checks what a client asks for against a data set. @throws {WireError} `invalid_params` with every fault. */
export type JobRequest = (shape: TableShape) => Promise<CheckedJob>;

/** A training job from the document inside the params of `train`. The engine's checks are loaded on first use. */
export function trainRequest(params: Readonly<Record<string, unknown>>): JobRequest {
  return async (shape) => {
    const { checkTrainConfig, taskOf } = await import("../../engine/train/validate.ts");
    const { config, problems, warnings } = checkTrainConfig(params, shape);
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
    return { config, warnings: [], facts: { type: kind, algorithm: config.algorithm, target: null, task: null } };
  };
}

function refusal(problems: readonly ConfigProblem[]): WireError {
  return new WireError("invalid_params", problems.map((problem) => problem.message).join(" "), { problems });
}
