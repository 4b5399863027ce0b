import type { ResamplerConfig } from "../train/config.ts";

/** One sentence for people: `5-fold cross-validation, stratified on the outcome.` */
export function describeResampler(config: ResamplerConfig): string {
  const together = config.id_strat === null ? "" : `; rows with the same ${config.id_strat} stay together`;
  return `${phrase(config)}${together}.`;
}

function phrase(config: ResamplerConfig): string {
  const n = config.n_resamples;
  const times = n === 1 ? "1 time" : `${n} times`;
  const on = `stratified on ${config.stratify_var ?? "the outcome"}`;
  const percent = Number((config.train_p * 100).toFixed(2));
  switch (config.type) {
    case "KFold":
      return `${n}-fold cross-validation, ${on}`;
    case "StratSub":
      return `${percent} % of the rows train and the rest tests, ${times}, ${on}`;
    case "StratBoot":
      return `${percent} % of the rows train, drawn up to ${config.target_length ?? "as many as there are"} rows, and the rest tests, ${times}, ${on}`;
    case "Bootstrap":
      return `${n} bootstrap ${n === 1 ? "sample" : "samples"}, tested on the rows not drawn`;
    case "LOOCV":
      return config.id_strat === null ? "Leave one row out, each in turn" : "Leave one group out, each in turn";
  }
}
