import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, onTestFinished, test } from "vitest";

const SDK = new URL("./otel-sdk.mjs", import.meta.url).href;
const HOST = fileURLToPath(new URL("./otel-host.mjs", import.meta.url));
const KIND = { INTERNAL: 0, SERVER: 1, CLIENT: 2 } as const;

interface Span {
  readonly name: string;
  readonly kind: number;
  readonly status: { readonly code: number; readonly message?: string };
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly spanId: string;
  readonly traceId: string;
  readonly parent: string | null;
  readonly links: readonly string[];
  readonly pid: number;
}

async function spansOf(
  where: string,
  nodeArguments: readonly string[],
): Promise<{ readonly spans: readonly Span[]; readonly url: string }> {
  const folder = mkdtempSync(join(tmpdir(), "trainyard-otel-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "spans");
  const env = { ...process.env, TRACE_FILE: file };
  const { stdout } = await promisify(execFile)(process.execPath, [...nodeArguments, HOST, where], { env });
  const read = (): string => {
    try {
      return readFileSync(file, "utf8");
    } catch {
      return "";
    }
  };
  const lines = read()
    .split("\n")
    .filter((line) => line !== "");
  return { spans: lines.map((line) => JSON.parse(line) as Span), url: stdout.trim() };
}

describe.each(["process", "tcp://127.0.0.1:0"])("spans, where daemons are %s", (where) => {
  test("M-116: names, kinds, parents and links, across processes", async () => {
    const { spans, url } = await spansOf(where, ["--import", SDK]);
    const named = (name: string): readonly Span[] => spans.filter((span) => span.name === name);
    const one = (name: string): Span => {
      const found = named(name);
      expect(found, name).toHaveLength(1);
      return found[0]!;
    };
    const set = one(`daemons set ${where}`);
    const reset = one(`daemons reset ${where}`);
    const connect = one(`daemon connect ${url}`);
    const disconnect = one(`daemon disconnect ${url}`);
    const map = one("mirai_map");
    expect([set, reset, connect, disconnect, map].map(({ kind }) => kind)).toEqual(Array(5).fill(KIND.INTERNAL));
    expect([reset.links, disconnect.links, map.links]).toEqual([[set.spanId], [connect.spanId], [set.spanId]]);

    const submitted = named("mirai");
    const evaluated = named("daemon eval");
    expect([submitted.length, evaluated.length]).toEqual([6, 6]);
    expect(submitted.every(({ kind, links }) => kind === KIND.CLIENT && links[0] === set.spanId)).toBe(true);
    expect(submitted.filter(({ parent }) => parent === map.spanId)).toHaveLength(3);
    for (const span of evaluated) {
      expect(span.kind).toBe(KIND.SERVER);
      expect(span.links).toEqual([connect.spanId]);
      const parent = submitted.find(({ spanId }) => spanId === span.parent);
      expect(span.traceId).toBe(parent?.traceId);
      expect(span.pid).not.toBe(set.pid);
    }
    expect(
      evaluated
        .map(({ status }) => status.message)
        .filter((message) => message !== undefined)
        .sort(),
    ).toEqual(["miraiError", "miraiInterrupt"]);
    for (const n of [1, 2, 3]) expect(evaluated.map(({ spanId }) => spanId)).toContain(one(`inner ${n}`).parent);
    expect(spans).toHaveLength(5 + 12 + 3);
    if (where !== "process") expect(set.attributes).toMatchObject({ "network.transport": "tcp", "server.address": "127.0.0.1" });
  });
});

test("M-116: without an SDK there are no spans, and everything works", async () => {
  expect(await spansOf("process", [])).toEqual({ spans: [], url: "process" });
});

test("without an SDK the API is not even loaded", async () => {
  const program = `
    import Module from "node:module";
    import { daemons, mirai } from ${JSON.stringify(new URL("../../dist/tasks/index.js", import.meta.url).href)};
    await daemons(1);
    await mirai(() => 1);
    console.log(Object.keys(Module._cache).filter((name) => name.includes("opentelemetry")).length);
    await daemons(0);`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", program]);
  expect(stdout.trim()).toBe("0");
});
