import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { describe, expect, onTestFinished, test } from "vitest";
import { ensureTool } from "../../scripts/debian-tool.mjs";
import { MAIN } from "../support/cli.ts";
import { isAlive, until } from "./processes.ts";

const ip = ensureTool("ip", "iproute2");
const why = namespaceTrouble();
if (why !== null) console.error(`A network cannot be cut on this machine: ${why}.`);
// A machine of a developer may lack the rights; a build must not.
const canRun = why === null || process.env.CI === "true";

function namespaceTrouble(): string | null {
  if (ip === null) return "there is no ip";
  if (process.getuid?.() !== 0) return "only root may make network namespaces; run: sudo npm test";
  const name = `ty-try-${process.pid}`;
  try {
    execFileSync(ip, ["netns", "add", name], { stdio: "pipe" });
    execFileSync(ip, ["netns", "del", name], { stdio: "pipe" });
    return null;
  } catch (error) {
    return (error as Error).message.trim();
  }
}

let networksMade = 0;

/** Two network namespaces and a wire between them, which can be cut without either end being told. */
function network() {
  const id = `${process.pid}x${++networksMade}`;
  const [near, far] = [`ty-near-${id}`, `ty-far-${id}`];
  const run = (...words: string[]): void => void execFileSync(ip!, words, { stdio: "pipe" });
  onTestFinished(() => {
    for (const name of [near, far]) {
      try {
        run("netns", "del", name); // the wire goes with its ends
      } catch {} // it was never made
    }
  });
  for (const name of [near, far]) run("netns", "add", name);
  run("link", "add", "ty0", "netns", near, "type", "veth", "peer", "name", "ty0", "netns", far);
  for (const [name, address] of [
    [near, "10.93.0.1/24"],
    [far, "10.93.0.2/24"],
  ] as const) {
    run("-n", name, "addr", "add", address, "dev", "ty0");
    run("-n", name, "link", "set", "lo", "up");
    run("-n", name, "link", "set", "ty0", "up");
  }
  // Dropping packets, not the wire: an interface that goes down tells the sockets on it.
  const drop = (action: "add" | "del"): void => run("-n", far, "route", action, "blackhole", "10.93.0.1/32");
  const start = (name: string, words: readonly string[], env: Record<string, string> = {}): ChildProcess => {
    const child = spawn(ip!, ["netns", "exec", name, process.execPath, ...words], {
      stdio: ["pipe", "pipe", "inherit"],
      env: { ...process.env, ...env },
    });
    onTestFinished(async () => {
      child.kill("SIGKILL");
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    });
    return child;
  };
  return {
    host: (...words: string[]) => start(near, words),
    daemon: (words: readonly string[], token: string) => start(far, words, { TRAINYARD_TOKEN: token }),
    cut: () => {
      execFileSync(ip!, ["-n", near, "route", "add", "blackhole", "10.93.0.2/32"], { stdio: "pipe" });
      drop("add");
    },
    heal: () => {
      execFileSync(ip!, ["-n", near, "route", "del", "blackhole", "10.93.0.2/32"], { stdio: "pipe" });
      drop("del");
    },
  };
}

interface Said {
  readonly event: string;
  readonly name?: string;
  readonly times?: number;
  readonly value?: unknown;
  readonly url?: string;
  readonly token?: string;
  readonly info?: { readonly connections: number; readonly cumulative: number };
}

/** What the host says, as it comes; `hears` waits for the first that fits. */
function listener(host: ChildProcess) {
  const said: Said[] = [];
  const waiting: (() => void)[] = [];
  createInterface({ input: host.stdout! }).on("line", (line) => {
    said.push(JSON.parse(line) as Said);
    for (const look of waiting.splice(0)) look();
  });
  return {
    said,
    tell: (command: object) => host.stdin!.write(`${JSON.stringify(command)}\n`),
    async hears(fits: Partial<Said>, count = 1): Promise<Said> {
      for (;;) {
        const found = said.filter((each) => Object.entries(fits).every(([key, value]) => each[key as keyof Said] === value));
        if (found.length >= count) return found[count - 1]!;
        await new Promise<void>((resolve) => waiting.push(resolve));
      }
    },
  };
}

describe.skipIf(!canRun)("a network that is cut and healed", () => {
  test.each(["tcp", "tls+tcp"])(
    "over %s: the daemon comes back; what ran fails or runs again as declared; each handle settles once; nothing is left",
    async (scheme) => {
      if (why !== null) throw new Error(why);
      const net = network();
      const host = net.host(
        new URL("./netns-host.mjs", import.meta.url).pathname,
        `${scheme}://10.93.0.1:0`,
        scheme === "tcp" ? "plain" : "tls",
      );
      const { said, tell, hears } = listener(host);
      const { url, token } = await hears({ event: "listening" });
      const flags = ["--retry", "3600", "--count", "2"];
      const daemon = net.daemon([MAIN, "daemon", url!, ...flags, "--heartbeat", "0.2", "--patience", "6"], token!);
      tell({ command: "connected", least: 2 });
      await hears({ event: "connected" });
      tell({ command: "submit", name: "long-once" });
      await hears({ event: "began", name: "long-once" });
      tell({ command: "submit", name: "long-again", retries: 1 });
      await hears({ event: "began", name: "long-again" });
      const children = executorsOf(daemon.pid!);
      expect(children).toHaveLength(2);

      net.cut();
      expect(await hears({ event: "settled", name: "long-once" })).toMatchObject({ value: 19 });
      tell({ command: "submit", name: "short" }); // waits for the network
      await until("what ran is ended over there", () => children.every((pid) => !isAlive(pid)), 60_000);

      net.heal();
      await hears({ event: "began", name: "long-again" }, 2);
      expect(await hears({ event: "settled", name: "short" })).toMatchObject({ value: "done" });
      tell({ command: "connected", least: 2 });
      await hears({ event: "connected" }, 2);

      const ended = once(daemon, "exit");
      tell({ command: "reset" });
      await hears({ event: "reset" });
      expect(await ended).toEqual([0, null]);
      const outcomes = said.filter(({ event }) => event === "settled").map(({ name, times, value }) => `${name} ${times} ${String(value)}`);
      expect(outcomes.sort()).toEqual(["long-again 1 19", "long-once 1 19", "short 1 done"]);
    },
  );
});

/** Processes that a process has started, by the system's own list. */
function executorsOf(pid: number): number[] {
  const listed = execFileSync("ps", ["-o", "pid=", "--ppid", String(pid)], { encoding: "utf8" });
  return listed.trim().split(/\s+/).map(Number);
}
