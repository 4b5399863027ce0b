export { nextStream, nextSubStream, StreamRandom, type StreamState, streamOfSeed } from "../core/lecuyer.ts";
export type { Codec } from "../wire/codecs.ts";
export { type Cluster, makeCluster } from "./cluster.ts";
export { type CodecReference, forgetCodecs, registerCodec } from "./codecs.ts";
export { callMirai, cancelAll, collect, isMirai, isMiraiMap, race, unresolved } from "./collect.ts";
export {
  type Daemons,
  daemons,
  daemonsSet,
  dismissDaemons,
  type Info,
  info,
  launchLocal,
  onDaemon,
  requireDaemons,
  rotateToken,
  type Status,
  status,
  takeNextStream,
  terminateDaemon,
  withDaemons,
  withProfile,
} from "./daemons.ts";
export type { DaemonsOptions } from "./daemons-options.ts";
export { type EverywhereOptions, everywhere } from "./everywhere.ts";
export {
  DaemonLost,
  ERROR_VALUES,
  type ErrorValue,
  isFailure,
  isTaskError,
  MiraiFailure,
  ObjectClosed,
  TaskCancelled,
  TaskError,
  TaskTimeout,
} from "./failure.ts";
export { type LaunchRemoteOptions, launchRemote } from "./launch-remote.ts";
export type { Launch, LaunchContext, Launched, Launcher } from "./launchers/launcher.ts";
export { launchers } from "./launchers/registry.ts";
export { type Elements, type MapOptions, miraiMap } from "./map.ts";
export { type Mirai, type MiraiState, type Settled, type Timeouts, UNRESOLVED } from "./mirai.ts";
export type { MiraiContext, Progress, TaskLike } from "./mirai-context.ts";
export type { CollectOptions, MapEntry, MapValues, MiraiMap } from "./mirai-map.ts";
export type { Note } from "./notes.ts";
export { openProfile } from "./open-profile.ts";
export type {
  ComputeProfile,
  DaemonExit,
  DaemonStatus,
  ExitReason,
  ProfileOptions,
  ProfileStatus,
  SubmitOptions,
  TaskContext,
  TaskFunction,
  TaskHandle,
  TaskReference,
} from "./profile.ts";
export { type DialInOptions, daemon, type LeaveReason } from "./remote/daemon.ts";
export type { DaemonTls, HostTls } from "./remote/tls-settings.ts";
export { type HostUrlOptions, hostUrl, localUrl } from "./remote/url.ts";
export { type MiraiOptions, mirai, room, tryMirai } from "./submit.ts";
