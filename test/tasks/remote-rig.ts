import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { onTestFinished } from "vitest";
import {
  type Daemons,
  type DaemonsOptions,
  type DialInOptions,
  daemon,
  daemons,
  dismissDaemons,
  type LeaveReason,
  status,
} from "../../dist/tasks/index.js";
import { MAIN } from "../support/cli.ts";
import { isAlive, until } from "./processes.ts";

let profilesMade = 0;

export interface RemoteRig extends Daemons {
  readonly url: string;
  readonly token: string;
}

/** A profile of its own that listens; after the test its daemons are dismissed, and none of the processes that it had may be left. */
export async function listeningProfile(options: DaemonsOptions = {}): Promise<RemoteRig> {
  const profile = `remote-${++profilesMade}`;
  const set = (await daemons({ url: "tcp://127.0.0.1:0", ...options, profile })) as RemoteRig;
  onTestFinished(async () => {
    const pids = status(profile).daemons.map(({ pid }) => pid);
    await dismissDaemons(profile);
    for (const pid of pids) if (pid !== null) await until(`process ${pid} is gone`, () => !isAlive(pid));
  });
  return set;
}

/** A daemon whose supervisor is this process. */
export function dialIn(set: { readonly url: string; readonly token: string }, options: DialInOptions = {}): Promise<LeaveReason> {
  const abort = new AbortController();
  const left = daemon(set.url, { token: set.token, signal: abort.signal, ...options });
  left.catch(() => {});
  onTestFinished(async () => {
    abort.abort();
    await left.catch(() => {});
  });
  return left;
}

/** A daemon as a program of its own: `trainyard daemon`. */
export function daemonProcess(set: { readonly url: string; readonly token: string }, flags: readonly string[] = []): ChildProcess {
  const child = spawn(process.execPath, [MAIN, "daemon", set.url, ...flags], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, TRAINYARD_TOKEN: set.token },
  });
  onTestFinished(async () => {
    child.kill("SIGKILL");
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  });
  return child;
}

/** A way to a profile's TCP port that can be cut. */
export async function cuttableWire(url: string): Promise<{ readonly url: string; cut(): void }> {
  const port = Number(/:(\d+)$/.exec(url)?.[1]);
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(port, "127.0.0.1");
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on("error", () => {}).once("close", () => cut());
    }
    const cut = (): void => {
      near.destroy();
      far.destroy();
    };
    near.pipe(far).pipe(near);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  onTestFinished(() => {
    cut();
    server.close();
  });
  const address = server.address() as { readonly port: number };
  return { url: url.replace(/:\d+$/, `:${address.port}`), cut };
}
