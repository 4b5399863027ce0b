export { describeResampler } from "./describe.ts";
export { type Resample, type ResampleBy, resample, resampleCount } from "./resample.ts";
export type { StratifyOn } from "./strata.ts";
