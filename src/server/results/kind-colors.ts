/** Colours of execution-node kinds, as `ready` and the `session` slice announce them. Distinct in hue, equal in weight. */
export const KIND_COLORS: Readonly<Record<string, string>> = {
  train: "#5c6b7a",
  worker_pool: "#8a8f98",
  outer_resampling: "#4f6d94",
  outer_fold: "#3f7fbf",
  tune: "#8f6bb8",
  grid_cell: "#b07fc9",
  preprocess: "#4c9a8a",
  decompose: "#3c8f9c",
  cluster: "#7a7fc0",
  train_alg: "#c77b30",
  predict: "#6f9a3e",
  varimp: "#b0892c",
  metrics: "#c25a6b",
};
