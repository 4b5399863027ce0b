export { type DeliverOptions, deliver } from "./deliver.ts";
export { type FinishState, type InitOptions, init, type LoggedRun, type LogOptions } from "./init.ts";
