import { hostname } from "node:os";
import { TrainyardError } from "../core/errors.ts";
import { openDaemonProfile } from "../tasks/open-profile.ts";
import type { ComputeProfile, TaskReference } from "../tasks/profile.ts";
import { DEFAULT_PROMPTS } from "../textgrad/index.ts";
import { Housekeeping } from "./housekeeping.ts";
import { Door } from "./http.ts";
import type { JobRunner } from "./jobs.ts";
import { LiveConnection } from "./live/connection.ts";
import { InboundBudget } from "./live/inbound-budget.ts";
import { type CompleteOptions, completeOptions, type ServeOptions } from "./options.ts";
import { type OwnNames, ownOrigins } from "./origins.ts";
import { Services } from "./services.ts";
import { eitherDoor, TellurioDoor } from "./tellurio/door.ts";
import { namespacesOf } from "./tellurio/namespaces.ts";
import { readPromptFiles } from "./tellurio/prompt-files.ts";
import { runSink } from "./tellurio/run-sink.ts";
import { asHost } from "./tls.ts";
import { TokenGate } from "./token-gate.ts";
import { TrainingDoor } from "./training/training-door.ts";

export type { ServeOptions } from "./options.ts";

export interface RunningServer extends AsyncDisposable {
  /** `http://127.0.0.1:5757/`, `https:` over TLS; the page wants `#token=…` behind it. */
  readonly url: string;
  readonly token: string;
  readonly port: number;
  readonly dataDir: string;
  /** Stops: links are told, running jobs become `interrupted`, daemons end, the folder is released. Twice is fine. */
  close(): Promise<void>;
}

/** Time that links have to say goodbye. */
const FAREWELL_MS = 200;

/**
 * Starts a server on this machine and returns when it answers.
 * @throws {TrainyardError} `invalid_argument`, `data_folder_busy`, or `unavailable` when the port is taken; nothing is left running.
 */
export async function serve(given: ServeOptions = {}): Promise<RunningServer> {
  const options = completeOptions(given);
  const { log } = options;
  const prompts = options.promptsDir === undefined ? DEFAULT_PROMPTS : readPromptFiles(options.promptsDir);
  const profiles = openProfiles(options);
  let services: Services;
  try {
    services = new Services({
      ...options,
      ...profiles,
      runner: options.parts?.runner ?? trainJobRunner,
      importTask: options.parts?.importTask ?? IMPORT_TASK,
    });
  } catch (error) {
    await closeProfiles(profiles);
    throw error;
  }
  const connections = new Set<LiveConnection>();
  const gate = new TokenGate(options.token, options.parts?.clock?.now);
  const inbound = new InboundBudget(options.inboundLimitBytes);
  const own: OwnNames = { names: ownNames(options), isSecure: options.tls !== null };
  // The origins of our own page have the port in them, which is known when the door is open.
  const origins = [...options.origins];
  const training = new TrainingDoor(services.runs, { ...options, origins, gate });
  const folder = options.dataDir;
  const tellurio = new TellurioDoor({
    gate,
    ...options,
    origins,
    folder,
    runs: runSink(services.runs, log),
    namespaces: namespacesOf(process.env),
    prompts,
  });
  const door = new Door({
    tls: options.tls,
    hsts: options.hsts,
    own,
    api: eitherDoor(tellurio, training),
    origins,
    pageDir: options.pageDir,
    log,
    onSocket: (socket, request) => {
      const connection = new LiveConnection(socket, request.socket, services, { ...options, gate, inbound });
      connections.add(connection);
      socket.once("close", () => connections.delete(connection));
    },
  });
  const closeAll = async (): Promise<void> => {
    await services.close();
    await closeProfiles(profiles);
  };
  try {
    await door.listen(options.port, options.host);
  } catch (error) {
    await tellurio.close();
    await closeAll();
    throw portError(error, options);
  }
  if (own.isSecure) origins.push(...ownOrigins(own, door.port));
  const url = `${own.isSecure ? "https" : "http"}://${nameToPrint(options)}:${door.port}/`;
  services.lock.publish(url);
  const housekeeping = new Housekeeping(services, options, connections);
  services.resume();

  let closing: Promise<void> | null = null;
  const close = async (): Promise<void> => {
    housekeeping.close();
    for (const connection of connections) connection.goAway();
    await Promise.all([services.jobs.close(), training.close(), tellurio.close()]);
    const farewell = Date.now() + FAREWELL_MS;
    while (connections.size > 0 && Date.now() < farewell) await new Promise((resolve) => setTimeout(resolve, 10));
    await door.close();
    await closeAll();
  };
  const closeOnce = (): Promise<void> => {
    closing ??= close();
    return closing;
  };
  return { url, token: options.token, port: door.port, dataDir: options.dataDir, close: closeOnce, [Symbol.asyncDispose]: closeOnce };
}

/** Addresses that mean every one of the machine: nobody can connect to them by that name. */
const EVERY_ADDRESS: readonly string[] = ["0.0.0.0", "::"];

/** Where else than by a loopback name requests may be addressed to. */
function ownNames({ host, tls }: CompleteOptions): readonly string[] {
  if (tls === null) return [];
  return EVERY_ADDRESS.includes(host) ? tls.names : [asHost(host.toLowerCase()), ...tls.names];
}

function nameToPrint({ host, tls }: CompleteOptions): string {
  return EVERY_ADDRESS.includes(host) ? (tls?.names[0] ?? hostname()) : asHost(host);
}

interface Profiles {
  readonly training: ComputeProfile;
  readonly dataProfile: ComputeProfile;
}

const IMPORT_TASK: TaskReference = { module: new URL("../data/import-task.js", import.meta.url).href, export: "importTask" };

/** Loaded with the first job. */
const trainJobRunner: JobRunner = async (options) => (await import("./jobs/train-job.ts")).runTrainJob(options);

/** An idle server has no daemons: the first task starts them, and they end when nothing came for a while. */
function openProfiles({ daemons, daemonMemoryMb, parts = {} }: CompleteOptions): Profiles {
  return {
    training:
      parts.training ?? openDaemonProfile({ name: "default", daemons, lazy: true, warmSpare: true, idleMs: 300_000, daemonMemoryMb }),
    dataProfile: parts.dataProfile ?? openDaemonProfile({ name: "data", daemons: 1, lazy: true, idleMs: 30_000, daemonMemoryMb }),
  };
}

async function closeProfiles({ training, dataProfile }: Profiles): Promise<void> {
  await Promise.all([training.close(), dataProfile.close()]);
}

function portError(error: unknown, { port, host, isDefaultPort }: CompleteOptions): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code === "EADDRINUSE") {
    const who = isDefaultPort ? "Another program, perhaps another Trainyard server, uses" : "Another program uses";
    return new TrainyardError("unavailable", `${who} port ${port} on ${host}. Stop it, or choose another port with --port.`, {
      cause: error,
    });
  }
  if (code === "EADDRNOTAVAIL") {
    return new TrainyardError("unavailable", `This machine has no address ${host}. Use --host 127.0.0.1.`, { cause: error });
  }
  return error;
}
