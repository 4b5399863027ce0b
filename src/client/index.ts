export { RpcError } from "../wire/json-rpc-peer.ts";
export type {
  AlgorithmDetail,
  ColumnProfile,
  ConfigCheck,
  DataProfile,
  HandleSummary,
  HyperparameterEntry,
  JobComparison,
  JobHistory,
  JobStatus,
  JobSummary,
  SessionListEntry,
  SessionSnapshot,
  WireErrorCode,
} from "../wire/live/messages.ts";
export type { CallOptions, ClientListener, LiveClientOptions, Reply, SessionChange, TableReply } from "./client-types.ts";
export { assertConsent, type Consent } from "./consent.ts";
export { CallTimeoutError, LinkLostError, RemoteError } from "./errors.ts";
export { EventOrder, type SessionEvent } from "./event-order.ts";
export type { CurvePoints, JobProgress, ProgressNode, SessionEvents } from "./events.ts";
export { Link, type LinkClock, type WebSocketConstructor, type WebSocketLike } from "./link.ts";
export { LINK_TIMES, type LinkEvent, type LinkState, nextLinkState, timerOf } from "./link-state.ts";
export { LiveClient } from "./live-client.ts";
export type {
  JsonSlices,
  MethodName,
  Methods,
  SampleEntry,
  ServerInfo,
  SettableType,
  TablePointer,
  TableSlice,
  TrainParams,
  UnsupervisedParams,
  UnsupervisedSummary,
  UploadedHandle,
} from "./methods.ts";
export {
  type PromptEntry,
  type PromptGraphEdge,
  type PromptGraphNode,
  type PromptModelChoice,
  type PromptReader,
  type PromptRunInfo,
  type PromptRunSummary,
  PromptRuns,
  type PromptRunsOptions,
  type PromptTrainingRequest,
} from "./prompt-runs.ts";
export type {
  ReportCalibration,
  ReportConfusion,
  ReportFold,
  ReportImportance,
  ReportMetrics,
  ReportRoc,
  ReportSummary,
  ReportTask,
  ReportTuning,
  ReportValue,
  ReportValues,
  TrainReportSlice,
} from "./result.ts";
export { type RunFollower, RunStream, type RunStreamOptions } from "./run-stream.ts";
export { RunsApi, type RunsApiOptions, RunsRequestError } from "./runs-api.ts";
export {
  isEnded,
  type RollUpSeries,
  type RunFacets,
  type RunInfo,
  type RunLayout,
  type RunListMessage,
  type RunListQuery,
  type RunListReply,
  type RunMessage,
  type RunSeriesFacts,
  type RunStateName,
  type SpelledValue,
  type StreamColumns,
  toValue,
} from "./runs-types.ts";
export { TellurioClient, TellurioOptimizer, type TellurioOptimizerOptions, type VariableFields } from "./tellurio-client.ts";
export { type TellurioCallOptions, type TellurioClientOptions, TellurioLink } from "./tellurio-link.ts";
export { type Account, findAccount, type KeyStore, type LoginOptions } from "./tellurio-login.ts";
export { type TellurioData, TellurioModel, TellurioNode, TellurioVariable } from "./tellurio-mirrors.ts";
export { TellurioRest, type TellurioRunStatus } from "./tellurio-rest.ts";
export { TellurioRun } from "./tellurio-run.ts";
export { type TellurioAgent, type TellurioStep, TellurioTrainer, type TellurioTrainerOptions } from "./tellurio-trainer.ts";
export { formatOf, type UploadOptions } from "./upload.ts";
