import { type ChildProcess, execFile, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, describe, expect, onTestFinished, test } from "vitest";
import { METRIC_INFO } from "../src/engine/metrics/index.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const main = join(root, "dist/cli/main.js");
const documents = [
  ...readdirSync(root).filter((name) => name.endsWith(".md")),
  ...readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => join("docs", name)),
].sort();
const textOf = (document: string): string => readFileSync(join(root, document), "utf8");

/** A shell block that the reader is told to run, and what must occur in its output. */
interface Snippet {
  readonly line: number;
  readonly script: string;
  /** It runs until it prints this; then it is interrupted and must end well. Null: it ends by itself. */
  readonly until: string | null;
  /** Lines that must occur in the output; `…` stands for anything. */
  readonly prints: readonly string[];
}

/** How long a snippet may take before it is ended. */
const SNIPPET_MS = 90_000;

const FENCE = /^<!-- (run|prints)(?: until: (.*?))? -->\n```(?:sh|text)\n([\s\S]*?)^```/gm;

function snippetsOf(text: string): Snippet[] {
  const snippets: Snippet[] = [];
  for (const match of text.matchAll(FENCE)) {
    const [, kind, until = null, body = ""] = match;
    if (kind === "run") snippets.push({ line: text.slice(0, match.index).split("\n").length, script: body, until, prints: [] });
    else snippets.push({ ...snippets.pop()!, prints: body.split("\n").filter((line) => line !== "") });
  }
  return snippets;
}

/** A folder with `samples/`, as in a checkout; snippets of one document share it, in order. */
function workFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "trainyard-docs-"));
  symlinkSync(join(root, "samples"), join(folder, "samples"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** What the reader types, with the built command in the place of `npx trainyard`. */
const toShell = (script: string): string => script.replaceAll(/\bnpx trainyard\b/g, `exec_trainyard`);
const PRELUDE = `set -euo pipefail\nexec_trainyard() { "${process.execPath}" "${main}" "$@"; }\n`;

/** Runs a script in a process group of its own, which ends with the test at the latest; resolves with all output. */
async function runToEnd(script: string, cwd: string): Promise<string> {
  const child = spawn("bash", ["-c", PRELUDE + toShell(script)], { cwd, detached: true, stdio: ["ignore", "pipe", "pipe"] });
  const late = setTimeout(() => process.kill(-child.pid!, "SIGKILL"), SNIPPET_MS);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text: string) => (output += text));
  const status = await new Promise((resolve) => child.once("close", (code, signal) => resolve(code ?? signal)));
  clearTimeout(late);
  expect(status, output).toBe(0);
  return output;
}

/** Starts the server, waits for its text and for an answer at its address, interrupts it; resolves with its exit status. */
async function runUntil(script: string, until: string, cwd: string): Promise<number | null> {
  const parameters = script
    .trim()
    .replace(/^npx trainyard /, "")
    .split(/\s+/);
  const child: ChildProcess = spawn(process.execPath, [main, ...parameters], { cwd, stdio: ["ignore", "pipe", "pipe"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  const ended = new Promise<number | null>((resolve) => child.once("exit", (status) => resolve(status)));
  let output = "";
  await new Promise<void>((resolve, reject) => {
    const read = (chunk: Buffer): void => {
      output += chunk.toString();
      if (output.includes(until) && output.endsWith("\n")) resolve();
    };
    child.stdout?.on("data", read);
    child.stderr?.on("data", read);
    void ended.then((status) => reject(new Error(`ended with status ${status} before it printed "${until}":\n${output}`)));
  });
  const address = /http:\/\/\S+/.exec(output)?.[0];
  expect((await fetch(address ?? "")).status).toBe(200);
  child.kill("SIGINT");
  return ended;
}

function expectPrinted(output: string, line: string): void {
  const pattern = line
    .split("…")
    .map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"))
    .join(".*");
  expect(output).toMatch(new RegExp(pattern));
}

for (const document of documents) {
  const snippets = snippetsOf(textOf(document));
  if (snippets.length === 0) continue;
  describe(`${document} keeps its word`, () => {
    const folder = workFolder();
    for (const { line, script, until, prints } of snippets) {
      test(
        `line ${line}: ${script.trim().split("\n")[0]}`,
        async () => {
          if (until !== null) expect(await runUntil(script, until, folder)).toBe(0);
          else {
            const output = await runToEnd(script, folder);
            for (const expected of prints) expectPrinted(output, expected);
          }
        },
        SNIPPET_MS + 10_000,
      );
    }
  });
}

describe("documents", () => {
  test("link to files that exist", () => {
    const broken = documents.flatMap((document) =>
      [...textOf(document).matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)]
        .map(([, target = ""]) => target)
        .filter((target) => !/^[a-z]+:/.test(target) && !existsSync(join(root, dirname(document), target)))
        .map((target) => `${document} links to ${target}`),
    );
    expect(broken).toEqual([]);
  });

  test("README's first screen has the two commands, and they exist", () => {
    const first = textOf("README.md").split("\n").slice(0, 24).join("\n");
    expect(first).toContain("```sh\nnpm ci && npm start\n```");
    expect(first).toContain("```sh\nnpm ci && npm test\n```");
    const { scripts, engines } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    expect(scripts).toMatchObject({
      start: expect.stringContaining("serve --open"),
      test: "node scripts/test.mjs",
      prepare: expect.any(String),
    });
    expect(first).toContain(engines.node.replace(">=", ""));
  });

  test("docs/metrics.md describes every metric as the table in code does", () => {
    const text = textOf("docs/metrics.md");
    const rows = METRIC_INFO.map(
      ({ name, title, maximize, tasks, help }) =>
        `| \`${name}\` | ${title} | ${maximize ? "larger" : "smaller"} | ${tasks.join(", ")} | ${help} |`,
    );
    expect(text.split("\n").filter((line) => line.startsWith("| `"))).toEqual(rows);
  });

  test("name only options that the commands have, and docs/server.md names all of serve's", async () => {
    const options = async (command: string): Promise<string[]> => {
      const { stdout } = await promisify(execFile)(process.execPath, [main, command, "--help"]);
      return [...stdout.matchAll(/^\s+(?:-\w, )?(--[a-z-]+)/gm)].map(([, name = ""]) => name);
    };
    const known: Record<string, string[]> = Object.fromEntries(
      await Promise.all(["serve", "train", "predict", "algorithms"].map(async (name) => [name, await options(name)] as const)),
    );
    const unknown = documents.flatMap((document) =>
      [...textOf(document).matchAll(/trainyard (serve|train|predict|algorithms)\b([^\n|]*)/g)].flatMap(([, command = "", rest = ""]) =>
        [...rest.replaceAll(/`.*/g, "").matchAll(/(?<![\w-])--[a-z-]+/g)]
          .map(([name]) => name)
          .filter((name) => !known[command]?.includes(name) && name !== "--help")
          .map((name) => `${document}: trainyard ${command} ${name}`),
      ),
    );
    expect(unknown).toEqual([]);
    const served = [...textOf("docs/server.md").matchAll(/`(--[a-z-]+)`/g)].map(([, name = ""]) => name);
    expect([...new Set(served)].sort()).toEqual(known.serve!.filter((name) => name !== "--help").sort());
  });

  test("the marked blocks are read: what runs, until when, and what it prints", () => {
    const text =
      "a\n<!-- run -->\n```sh\nx y\n```\n\n<!-- prints -->\n```text\nn = …\n```\n<!-- run until: ready -->\n```sh\nz\n```\n```sh\nnot run\n```\n";
    expect(snippetsOf(text)).toEqual([
      { line: 2, script: "x y\n", until: null, prints: ["n = …"] },
      { line: 11, script: "z\n", until: "ready", prints: [] },
    ]);
  });
});
