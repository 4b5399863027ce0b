import type { JobSummary, TrainReportSlice } from "../../../client/index.ts";
import { startTraining } from "../../app/actions.ts";
import type { App } from "../../app/app.ts";
import { draftOfConfig, toTrainParams } from "../new/draft.ts";

/** Trains a job's set-up again with the resamples and the seed of the baseline. @returns the new job's id. */
export async function rerunOnFolds(app: App, job: JobSummary, report: TrainReportSlice, baseline: TrainReportSlice): Promise<string> {
  const profile = await app.client.call("data.profile", { data_handle: job.data_handle });
  const own = draftOfConfig(report.config as Readonly<Record<string, unknown>>, profile);
  const theirs = draftOfConfig(baseline.config as Readonly<Record<string, unknown>>, profile);
  const params = toTrainParams({ ...own, outer: theirs.outer, seed: theirs.seed }, profile, report.algorithm);
  return startTraining(app, { ...params, outer_resampling_config: { ...params.outer_resampling_config, ...rareFields(baseline) } });
}

/** Fields of a resampler that the form does not offer. A field that is not at its default was asked for, so its type takes it. */
function rareFields({ config }: TrainReportSlice): Readonly<Record<string, unknown>> {
  const { outer_resampling_config: resampler } = config as { outer_resampling_config?: Readonly<Record<string, unknown>> | null };
  const isAsked = ([name, value]: [string, unknown]): boolean =>
    name === "strat_n_bins" ? value !== 4 : ["stratify_var", "target_length", "seed"].includes(name) && value !== null;
  return Object.fromEntries(Object.entries(resampler ?? {}).filter(isAsked));
}
