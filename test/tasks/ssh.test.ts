import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { collect, info, launchers, launchRemote, mirai, status } from "../../dist/tasks/index.js";
import { ensureTool } from "../../scripts/debian-tool.mjs";
import { MAIN } from "../support/cli.ts";
import { isAlive, until } from "./processes.ts";
import { listeningProfile } from "./remote-rig.ts";

const sshd = ensureTool("sshd", "openssh-server");
const ssh = ensureTool("ssh", "openssh-client");
// Without them a machine of a developer skips these tests, with the reason printed; a build must not.
const canRun = (sshd !== null && ssh !== null) || process.env.CI === "true";

async function freePort(): Promise<number> {
  const server = createServer();
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as { readonly port: number };
  server.close();
  await once(server, "close");
  return port;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.on("error", () => resolve(false));
    socket.on("connect", () => {
      socket.destroy();
      resolve(true);
    });
  });
}

describe.skipIf(!canRun)("daemons on a machine behind a real ssh server", () => {
  const folder = mkdtempSync(join(tmpdir(), "trainyard-ssh-"));
  const started: ChildProcess[] = [];
  let server: ChildProcess | null = null;
  let port = 0;
  let log = "";

  beforeAll(async () => {
    if (sshd === null || ssh === null) throw new Error("ssh and sshd are needed; see above how to install them");
    for (const name of ["host", "user", "stranger"]) {
      execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(folder, name)]);
    }
    writeFileSync(join(folder, "authorized"), readFileSync(join(folder, "user.pub")), { mode: 0o600 });
    if (process.getuid?.() === 0) mkdirSync("/run/sshd", { recursive: true, mode: 0o755 }); // where it gives up its rights
    // A port that is free may be taken before sshd has it: try others.
    for (let attempt = 0; attempt < 10 && server === null; attempt++) {
      port = await freePort();
      const made = spawn(sshd, ["-D", "-e", "-f", "/dev/null", ...sshdOptions(port)], { stdio: ["ignore", "ignore", "pipe"] });
      started.push(made);
      made.stderr!.setEncoding("utf8").on("data", (text: string) => {
        log += text;
      });
      const ended = once(made, "exit").then(() => false);
      const listens = (async () => {
        while (made.exitCode === null && !(await answers(port))) await new Promise((resolve) => setTimeout(resolve, 20));
        return made.exitCode === null;
      })();
      if (await Promise.race([listens, ended])) server = made;
    }
    if (server === null) throw new Error(`sshd does not start: ${log}`);
  });

  afterAll(async () => {
    for (const each of started) {
      if (each.exitCode !== null) continue;
      each.kill("SIGKILL");
      await once(each, "exit");
    }
    rmSync(folder, { recursive: true });
  });

  function sshdOptions(listenPort: number): string[] {
    const options = {
      ListenAddress: `127.0.0.1:${listenPort}`,
      HostKey: join(folder, "host"),
      AuthorizedKeysFile: join(folder, "authorized"),
      PidFile: "none",
      StrictModes: "no",
      UsePAM: "no",
      PasswordAuthentication: "no",
      KbdInteractiveAuthentication: "no",
      PermitRootLogin: "prohibit-password",
      AllowTcpForwarding: "yes",
    };
    return Object.entries(options).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
  }

  function over(options: { readonly tunnel?: boolean; readonly tunnelPort?: number; readonly key?: string; readonly hosts?: number }) {
    const { key = "user", hosts = 1, ...more } = options;
    const host = `ssh://${userInfo().username}@127.0.0.1:${port}`;
    const identity = ["-F", "none", "-o", "IdentitiesOnly=yes", "-i", join(folder, key)];
    const known = ["-o", "StrictHostKeyChecking=no", "-o", `UserKnownHostsFile=${join(folder, "known")}`, "-o", "LogLevel=ERROR"];
    const sshArguments = [...identity, ...known];
    return launchers.ssh({
      hosts: Array<string>(hosts).fill(host),
      command: ssh!,
      sshArguments,
      program: [process.execPath, MAIN],
      ...more,
    });
  }

  test("M-106: direct, with TLS: the daemon runs under sshd, and is gone after the reset", async () => {
    const set = await listeningProfile({ url: "tls+tcp://127.0.0.1:0", remote: over({ hosts: 2 }) });
    await set.connected(2);
    const { profile } = set;
    expect(set.launched).toHaveLength(2);
    expect(await mirai(() => process.env.SSH_CONNECTION?.split(" ")[3], undefined, { profile })).toBe(String(port));
    const supervisors = status(profile).daemons.map(({ where }) => Number(/:(\d+)$/.exec(where!)![1]));
    await set.reset();
    for (const pid of [...supervisors, ...set.launched.map((launched) => launched.pid!)])
      await until(`process ${pid} is gone`, () => !isAlive(pid));
  });

  test("M-106: through a tunnel, with one port over there and another here", async () => {
    const set = await listeningProfile();
    const { profile } = set;
    const tunnelPort = await freePort();
    const [launched] = await launchRemote(null, over({ tunnel: true, tunnelPort }), { profile });
    expect(launched!.command).toContain(`127.0.0.1:${tunnelPort}:127.0.0.1:`);
    await set.connected(1);
    const values = new Float64Array(100_000).fill(2);
    expect(await mirai((array: Float64Array) => array.reduce((sum, x) => sum + x, 0), values, { profile })).toBe(200_000);
  });

  test("M-68: the ssh link is cut in the middle of a task: 19 or a second run, as asked; nothing is left over there", async () => {
    const set = await listeningProfile();
    const { profile } = set;
    const [launched] = await launchRemote(null, over({ tunnel: true, tunnelPort: await freePort() }), { profile });
    await set.connected(1);
    const lost = mirai(
      (_: undefined, task: { note(value: unknown): void }) => {
        task.note(process.pid);
        for (;;);
      },
      undefined,
      { profile },
    );
    const { value } = await lost.notes().next();
    const executor = (value as { value: number }).value;
    process.kill(launched!.pid!, "SIGKILL");
    expect(await collect(lost)).toMatchObject({ errorValue: 19 });
    await until("its executor is gone", () => !isAlive(executor), 60_000);
  });

  test("a key that the machine does not know starts nothing", async () => {
    const set = await listeningProfile();
    const [launched] = await launchRemote(null, over({ key: "stranger" }), { profile: set.profile });
    await until("ssh has given up", () => !isAlive(launched!.pid!));
    expect(info(set.profile)).toMatchObject({ cumulative: 0 });
  });
});
