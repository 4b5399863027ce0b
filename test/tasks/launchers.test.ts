import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { daemons, daemonsSet, info, type Launch, type Launcher, launchers, launchRemote, mirai } from "../../dist/tasks/index.js";
import { shellLine } from "../../src/tasks/launchers/shell.ts";
import { MAIN } from "../support/cli.ts";
import { listeningProfile } from "./remote-rig.ts";

const HERE = { program: [process.execPath, MAIN] };
const PLACE = { url: "tcp://127.0.0.1:5555", token: "ty1.secret" };
const COMMAND = "TRAINYARD_TOKEN=ty1.secret npx trainyard daemon tcp://127.0.0.1:5555";

async function launchesOf(launcher: Launcher, n = launcher.count, place: Partial<typeof PLACE> = {}): Promise<readonly Launch[]> {
  return launcher.launches({ ...PLACE, ...place, n });
}

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), "trainyard-launch-"));
  onTestFinished(() => rmSync(made, { recursive: true }));
  return made;
}

/** A program that stands for a scheduler's: it keeps what it was given, and runs the script as the job would be run. */
function standIn(name: string): { readonly command: string; readonly script: () => string; readonly words: () => string } {
  const dir = folder();
  const command = join(dir, name);
  writeFileSync(
    command,
    `#!/bin/sh\nprintf '%s\\n' "$*" > '${dir}/words'\ncat > '${dir}/job'\nsh '${dir}/job' > /dev/null 2>&1 &\necho "job 1 submitted"\n`,
  );
  chmodSync(command, 0o755);
  return { command, script: () => readFileSync(join(dir, "job"), "utf8"), words: () => readFileSync(join(dir, "words"), "utf8").trim() };
}

describe("quoting", () => {
  const said = (line: string): string => execFileSync("sh", ["-c", `printf '%s\\0' ${line}`], { encoding: "utf8" });

  test("a real shell reads every word as it was", () => {
    const words = [
      "",
      " ",
      "'",
      `"`,
      "$HOME",
      "`id`",
      "$(id)",
      "a\nb",
      "\\",
      "*",
      "~",
      "!x",
      "-n",
      "A=1",
      "ä",
      "#",
      ";",
      "&",
      "|",
      "'\\''",
    ];
    expect(said(shellLine(words))).toBe(words.map((word) => `${word}\0`).join(""));
  });

  test("whatever is in them", () => {
    const word = fc.string({ unit: "binary", maxLength: 12 }).filter((text) => !text.includes("\0") && !/\p{Surrogate}/u.test(text));
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 5 }), (words) => {
        expect(said(shellLine(words))).toBe(words.map((each) => `${each}\0`).join(""));
      }),
      { numRuns: 60 },
    );
  });

  test("an assignment is a word, not an assignment", () => {
    expect(shellLine(["A=1"])).toBe("'A=1'");
  });
});

describe("a command that starts another one", () => {
  test("M-107: the place of the daemon's command is filled, quoted as one word or as words", async () => {
    const [wrapped] = await launchesOf(launchers.command({ command: "sbatch", args: ["--wrap", "."] }));
    expect(wrapped!.argv).toEqual(["sbatch", "--wrap", COMMAND]);
    const [words] = await launchesOf(launchers.command({ command: "srun", args: ["-n1", "."], quote: false }));
    expect(words!.argv).toEqual(["srun", "-n1", "env", "TRAINYARD_TOKEN=ty1.secret", "npx", "trainyard", "daemon", "tcp://127.0.0.1:5555"]);
  });

  test("M-107: without a place it raises; a list of lists gives one launch each", async () => {
    expect(() => launchers.command({ command: "srun", args: ["-n1"] })).toThrow(/must have a "\."/);
    expect(() => launchers.command({ command: "srun", args: [["."], ["-n1"]] })).toThrow(/must have a "\."/);
    const two = launchers.command({
      command: "on",
      args: [
        ["a", "."],
        ["b", "."],
      ],
    });
    expect((await launchesOf(two)).map(({ argv }) => argv![1])).toEqual(["a", "b"]);
    expect(() => two.launches({ ...PLACE, n: 3 })).toThrow(/n must be 1 or 2/);
  });

  test("M-108: what a launch would do can be had without doing it, and a shell does exactly that", async () => {
    const set = await listeningProfile();
    const { profile } = set;
    const [dry] = await launchRemote(1, launchers.command({ command: "sh", args: ["-c", "."], ...HERE }), { profile, dryRun: true });
    expect(dry).toMatchObject({ launcher: "command", hasRun: false, pid: null });
    expect(info(profile)).toMatchObject({ cumulative: 0 });
    execFileSync("sh", ["-c", `${dry!.command} > /dev/null 2>&1 &`]);
    expect(await mirai(() => "pasted", undefined, { profile })).toBe("pasted");
  });

  test("one that cannot be started, or ends badly, fails the launch with its last words", async () => {
    const { profile } = await listeningProfile();
    await expect(launchRemote(1, launchers.command({ command: "/no/such/program" }), { profile })).rejects.toMatchObject({
      code: "unavailable",
    });
    const bad = launchers.command({ command: "sh", args: ["-c", "echo no quota >&2; exit 7", "."], mode: "submit" });
    await expect(launchRemote(1, bad, { profile })).rejects.toThrow(/status 7: no quota/);
  });

  test("M-59: a launch that fails leaves no profile behind", async () => {
    const remote = launchers.command({ command: "/no/such/program" });
    await expect(daemons({ url: "tcp://127.0.0.1:0", remote, profile: "failed" })).rejects.toMatchObject({ code: "unavailable" });
    expect(daemonsSet("failed")).toBe(false);
  });

  test("M-63: without a profile, or one that listens, it raises", async () => {
    await expect(launchRemote(1, launchers.local(), { profile: "nobody" })).rejects.toMatchObject({ code: "not_found" });
    await daemons({ sync: true, profile: "here" });
    onTestFinished(async () => void (await daemons(0, { profile: "here" })));
    await expect(launchRemote(1, launchers.local(), { profile: "here" })).rejects.toMatchObject({ code: "refused" });
  });
});

test("M-62: local daemons are launched with the profile, and later", async () => {
  const set = await listeningProfile({ url: "tls+tcp://127.0.0.1:0", remote: launchers.local(), n: 2 });
  expect(set.launched.map(({ hasRun }) => hasRun)).toEqual([true, true]);
  await set.connected(2);
  await launchRemote(1, launchers.local(), { profile: set.profile });
  await set.connected(3);
  expect(info(set.profile)).toMatchObject({ connections: 3, cumulative: 3 });
});

describe("ssh", () => {
  const on = (hosts: readonly string[], more: object = {}, place: Partial<typeof PLACE> = {}) =>
    launchesOf(launchers.ssh({ hosts, ...more }), hosts.length, place);

  test("M-106: user and port are kept; each host is a launch; it never asks for a password", async () => {
    const launches = await on(["ssh://ann@one.example:2222", "bob@two.example", "three"]);
    const options = ["-o", "ConnectTimeout=10", "-o", "BatchMode=yes"];
    expect(launches.map(({ argv }) => argv)).toEqual([
      ["ssh", "-p", "2222", ...options, "ann@one.example", COMMAND],
      ["ssh", ...options, "bob@two.example", COMMAND],
      ["ssh", ...options, "three", COMMAND],
    ]);
    expect(
      execFileSync("sh", ["-c", `ssh() { printf '%s\\n' "$@"; }; ${launches[0]!.text}`], { encoding: "utf8" })
        .trimEnd()
        .split("\n"),
    ).toEqual(launches[0]!.argv!.slice(1));
  });

  test("M-106: a tunnel leads the same port, or another one, back to the profile, which must be at 127.0.0.1", async () => {
    const [same] = await on(["one"], { tunnel: true });
    expect(same!.argv!.join(" ")).toContain("-o ExitOnForwardFailure=yes -R 127.0.0.1:5555:127.0.0.1:5555 one TRAINYARD_TOKEN");
    const [other] = await on(["one"], { tunnel: true, tunnelPort: 7000 }, { url: "ws://127.0.0.1:5555/yard" });
    expect(other!.argv!.at(-1)).toContain("daemon ws://127.0.0.1:7000/yard");
    expect(other!.argv).toContain("127.0.0.1:7000:127.0.0.1:5555");
    for (const url of ["tls+tcp://10.0.0.1:5555", "ipc:///tmp/x.sock"]) {
      await expect(async () => on(["one"], { tunnel: true }, { url })).rejects.toThrow(/a tunnel leads to 127\.0\.0\.1/);
    }
  });

  test("M-106: the number of launches must fit; hosts that ssh would take as options are refused", async () => {
    expect(() => launchers.ssh({ hosts: ["a", "b"] }).launches({ ...PLACE, n: 3 })).toThrow(/n must be 1 or 2/);
    expect(() => launchers.ssh({ hosts: ["-oProxyCommand=evil"] })).toThrow(/no host for ssh/);
    expect(() => launchers.ssh({ hosts: [] })).toThrow(/needs hosts/);
  });
});

describe("schedulers", () => {
  // The lines are those of the manuals: sbatch(1), qsub(1) of Grid Engine, qsub(1B) of Torque and of PBS Professional, bsub(1).
  test.each([
    ["slurm", "sbatch", "#SBATCH --mem=1G", "#SBATCH --array=1-2"],
    ["sge", "qsub", "#$ -l h_vmem=1G", "#$ -t 1-2"],
    ["torque", "qsub", "#PBS -l mem=1gb", "#PBS -t 1-2"],
    ["pbs", "qsub", "#PBS -l select=1:mem=1gb", "#PBS -J 1-2"],
    ["lsf", "bsub", "#BSUB -M 1G", '#BSUB -J "trainyard[1-2]"'],
  ] as const)("%s: the script reaches %s, its lines first; the job's daemon joins", async (name, command, line, arrayLine) => {
    const set = await listeningProfile();
    const { profile } = set;
    const program = standIn(command);
    const launcher = launchers[name]({
      ...HERE,
      command: program.command,
      commandArguments: ["-q", "short queue"],
      script: `export YARD=1\n   ${line}\n`,
    });
    const [launched] = await launchRemote(1, launcher, { profile });
    expect(launched).toMatchObject({ launcher: name, hasRun: true, output: "job 1 submitted\n" });
    expect(await mirai(() => process.env.YARD, undefined, { profile })).toBe("1");
    expect(program.words()).toBe("-q short queue");
    expect(program.script().split("\n").slice(0, 3)).toEqual(["#!/bin/sh", line, "export YARD=1"]);

    const [two] = await launchesOf(launchers[name]({ script: line }), 2);
    expect(two).toMatchObject({ daemons: 2, argv: [command], mode: "submit" });
    expect(two!.stdin!.split("\n").slice(0, 4)).toEqual(["#!/bin/sh", line, arrayLine, COMMAND]);
  });

  test("the printed command, pasted into a shell, hands over the same script", async () => {
    const program = standIn("sbatch");
    const [launch] = await launchesOf(
      launchers.slurm({ command: program.command, script: "echo 'it''s $HOME' > /dev/null", program: ["true"] }),
    );
    execFileSync("sh", ["-c", launch!.text]);
    expect(program.script()).toBe(launch!.stdin);
    expect(existsSync(program.command)).toBe(true);
  });
});

describe("http", () => {
  async function server(
    status: number,
  ): Promise<{ url: string; asked: { headers: Record<string, unknown>; body: string; method: string }[] }> {
    const asked: { headers: Record<string, unknown>; body: string; method: string }[] = [];
    const made = createServer(async (request, response) => {
      let body = "";
      for await (const chunk of request) body += String(chunk);
      asked.push({ headers: request.headers, body, method: request.method! });
      response.writeHead(status).end(`answer ${asked.length}`);
    });
    await once(made.listen(0, "127.0.0.1"), "listening");
    onTestFinished(() => void made.close());
    return { url: `http://127.0.0.1:${(made.address() as { port: number }).port}/jobs`, asked };
  }

  test("M-108: functions are asked at launch and get what was given; cookie and bearer are sent; the command is escaped for JSON", async () => {
    const { profile } = await listeningProfile();
    const { url, asked } = await server(201);
    let launches = 0;
    const launcher = launchers.http({
      url: (base: string) => `${url}?n=${base}${++launches}`,
      data: '{"cmd": "%s", "cpus": 2}',
      cookie: () => "session=1",
      bearer: (base: string) => `token-${base}`,
      headers: { "x-team": "a" },
      extra: ["b"],
      program: ["sh", "-c", `echo "two\nlines" \\ 'q'`],
    });
    expect(launches).toBe(0);
    const done = await launchRemote(2, launcher, { profile });
    expect(done.map(({ output }) => output)).toEqual(["answer 1", "answer 2"]);
    expect(asked[0]).toMatchObject({ method: "POST", headers: { cookie: "session=1", authorization: "Bearer token-b", "x-team": "a" } });
    const { cmd } = JSON.parse(asked[0]!.body) as { cmd: string };
    expect(cmd).toContain("two\nlines");
    expect(execFileSync("sh", ["-c", cmd], { encoding: "utf8" })).toBe("two\nlines  q\n");
  });

  test("M-108: a place for the command is needed; an answer that is no success fails the launch", async () => {
    expect(() => launchers.http({ url: "http://127.0.0.1:1", data: "{}" })).toThrow(/must have a %s/);
    const { profile } = await listeningProfile();
    const { url } = await server(403);
    await expect(launchRemote(1, launchers.http({ url, data: "%s" }), { profile })).rejects.toThrow(/answered 403: answer 1/);
    await expect(launchRemote(1, launchers.http({ url: "http://127.0.0.1:1/", data: "%s" }), { profile })).rejects.toThrow(
      /could not be asked/,
    );
  });
});
