export { openProfile } from "./open-profile.ts";
export type {
  ComputeProfile,
  DaemonStatus,
  ProfileOptions,
  ProfileStatus,
  SubmitOptions,
  TaskContext,
  TaskFunction,
  TaskHandle,
  TaskReference,
} from "./profile.ts";
