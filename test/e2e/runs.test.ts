import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { openBrowser, openPage, type WatchedPage } from "../support/browser.ts";
import { type ServerProcess, scratchFolder, startServer } from "../support/cli.ts";
import { startProxy } from "./runs-proxy.ts";

vi.setConfig({ testTimeout: 240_000 });

let browser: Browser;
let server: ServerProcess;
const cleaning: (() => void)[] = [];

beforeAll(async () => {
  server = await startServer({ dataDir: scratchFolder((clean) => cleaning.push(clean)), args: ["--daemons", "1"] });
  browser = await openBrowser();
});

afterAll(async () => {
  await browser?.close();
  await server?.end();
  for (const clean of cleaning) clean();
});

const origin = (of: ServerProcess = server): string => new URL(of.address).origin;

/** What a program outside does: plain requests. */
async function ask<T>(method: string, path: string, body?: unknown, of: ServerProcess = server): Promise<T> {
  const response = await fetch(`${origin(of)}/api/v2${path}`, {
    method,
    headers: { Authorization: `Bearer ${of.token}`, "Content-Type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  const text = await response.text();
  return (text === "" ? undefined : JSON.parse(text)) as T;
}

interface Made {
  readonly id: string;
  readonly state: string;
  readonly last_seq: number;
}

const makeRun = (about: Record<string, unknown>, of?: ServerProcess): Promise<Made> => ask("POST", "/runs", about, of);

/** Rows from `first` on, each with a value in eighths. */
function report(id: string, first: number, count: number, of?: ServerProcess): Promise<{ state: string }> {
  const steps = Array.from({ length: count }, (_, i) => first + i);
  const values = { loss: steps.map((step) => (step % 64) / 8) };
  return ask("POST", `/runs/${id}/points`, { producer: "p", sequence: first - 1, steps, values }, of);
}

async function visit(path: string, at: string = origin(), options: Parameters<typeof openPage>[1] = {}): Promise<WatchedPage> {
  const watched = await openPage(browser, options);
  onTestFinished(() => watched.page.context().close());
  await watched.page.goto(`${at}${path}#token=${server.token}`);
  return watched;
}

/** Every point of a chart, as the page exports it: [x, value], in order. */
async function pointsOf(page: Page, metric: string): Promise<[number, number][]> {
  await page.getByRole("button", { name: `Export ${metric}`, exact: true }).click();
  const waiting = page.waitForEvent("download");
  await page.getByRole("menuitem", { name: "Numbers as CSV" }).click();
  const text = readFileSync(await (await waiting).path(), "utf8");
  return text
    .trim()
    .split("\n")
    .slice(1)
    .map((line) => line.split(",").slice(-2).map(Number) as [number, number]);
}

/** Every point of a series, as the server has it. */
async function storedPoints(id: string, key: string): Promise<[number, number][]> {
  const { series } = await ask<{ series: { x: number[]; y: number[] }[] }>(
    "GET",
    `/runs/${id}/series?keys=${encodeURIComponent(key)}&reduce=raw`,
  );
  return series[0]!.x.map((x, i) => [x, series[0]!.y[i]!]);
}

const stateOf = (page: Page, word: string) => page.locator(".a-head").getByText(word, { exact: true });
const seq = async (id: string): Promise<number> => (await ask<Made>("GET", `/runs/${id}`)).last_seq;
/** A lost network is told in the console by the browser itself. */
const besidesTheNetwork = (complaints: readonly string[]): string[] =>
  complaints.filter((text) => !/WebSocket connection to|ERR_CONNECTION|Failed to load resource/.test(text));

describe("a run is watched from outside", () => {
  test("a trainer logs through trainyard/log; the network is gone for 30 s; then the curve holds every point once, in order", async () => {
    const proxy = await startProxy(Number(new URL(server.address).port));
    onTestFinished(() => proxy.close());
    const child = spawn(process.execPath, ["test/e2e/runs-reporter.mjs", origin(), server.token, scratchFolder(onTestFinished)], {
      stdio: ["pipe", "inherit", "inherit"],
    });
    const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
    onTestFinished(() => void child.kill());
    let id = "";
    await expect
      .poll(
        async () => {
          const { runs } = await ask<{ runs: { id: string; name: string }[] }>("GET", "/runs?search=from%20a%20trainer");
          id = runs[0]?.id ?? "";
          return id;
        },
        { timeout: 60_000 },
      )
      .not.toBe("");

    const { page, complaints } = await visit(`/runs/${id}`, `http://127.0.0.1:${proxy.port}`);
    await stateOf(page, "Running").waitFor();
    await page.getByRole("button", { name: "Export loss", exact: true }).waitFor();
    expect(complaints).toEqual([]);

    await proxy.cut();
    const before = await seq(id);
    // The one place where time itself is what is tested.
    await new Promise((resolve) => setTimeout(resolve, 30_000));
    await expect.poll(() => seq(id), { timeout: 120_000 }).toBeGreaterThan(before + 500);
    await page.getByText("Runs are not live now.").waitFor();
    await page
      .getByText(/^as of /)
      .first()
      .waitFor();

    await proxy.restore();
    await page.getByText("Runs are not live now.").waitFor({ state: "detached" });
    const atReturn = await seq(id);
    child.stdin.end();
    expect(await ended).toBe(0);
    await stateOf(page, "Completed").waitFor();

    const stored = await storedPoints(id, "loss");
    expect(stored.length).toBeGreaterThan(atReturn * 0.9);
    expect(stored.map(([step]) => step)).toEqual(stored.map((_, i) => i + 1));
    await expect.poll(async () => (await pointsOf(page, "loss")).length, { timeout: 60_000 }).toBe(stored.length);
    expect(await pointsOf(page, "loss")).toEqual(stored);
    expect(await pointsOf(page, "val/accuracy")).toEqual(await storedPoints(id, "val/accuracy"));
    expect(besidesTheNetwork(complaints)).toEqual([]);
  });

  test("a program posts JSON; the link breaks three times, each for more than twenty batches; nothing is missing or twice", async () => {
    const proxy = await startProxy(Number(new URL(server.address).port));
    onTestFinished(() => proxy.close());
    const { id } = await makeRun({ name: "by fetch" });
    await report(id, 1, 10);
    const { page, complaints } = await visit(`/runs/${id}`, `http://127.0.0.1:${proxy.port}`);
    await page.getByText("step 10", { exact: true }).waitFor();
    let next = 11;
    for (let round = 0; round < 3; round++) {
      await proxy.cut();
      for (let batch = 0; batch < 25; batch++, next += 4) await report(id, next, 4);
      await proxy.restore();
      await page.getByText(`step ${(next - 1).toLocaleString("en")}`, { exact: true }).waitFor();
      await report(id, next, 1);
      next += 1;
    }
    await page.getByText(`step ${(next - 1).toLocaleString("en")}`, { exact: true }).waitFor();
    const stored = await storedPoints(id, "loss");
    expect(stored.map(([step]) => step)).toEqual(Array.from({ length: next - 1 }, (_, i) => i + 1));
    expect(await pointsOf(page, "loss")).toEqual(stored);
    expect(besidesTheNetwork(complaints)).toEqual([]);
  });

  test("L-8, L-67: a run that is stopped from the page and then fails says stopped; one that fails by itself says failed, and why", async () => {
    const stopped = await makeRun({ name: "to be stopped" });
    const failed = await makeRun({ name: "to fail" });
    for (const { id } of [stopped, failed]) await report(id, 1, 5);
    const { page, complaints } = await visit(`/runs/${stopped.id}`);
    await stateOf(page, "Running").waitFor();
    await page.getByRole("button", { name: "Stop…" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Ask to stop" }).click();
    await stateOf(page, "Stopping…").waitFor();
    expect((await report(stopped.id, 6, 1)).state).toBe("stopping");
    await ask("POST", `/runs/${stopped.id}/finish`, { state: "failed", reason: "interrupted" });
    await stateOf(page, "Stopped").waitFor();

    await page.goto(`${origin()}/runs/${failed.id}`);
    await stateOf(page, "Running").waitFor();
    await ask("POST", `/runs/${failed.id}/finish`, { state: "failed", reason: "out of memory", exit_code: 137 });
    await stateOf(page, "Failed").waitFor();
    await page.getByText("out of memory").first().waitFor();
    await page.getByText("exit code 137").waitFor();

    await page.getByRole("link", { name: "Runs", exact: true }).click();
    await page
      .getByRole("row", { name: /to be stopped/ })
      .getByText("Stopped", { exact: true })
      .waitFor();
    await page
      .getByRole("row", { name: /to fail/ })
      .getByText("Failed", { exact: true })
      .waitFor();
    expect(complaints).toEqual([]);
  });

  test("alerts, lines and a resumed branch are there as they happen", async () => {
    const { id } = await makeRun({ name: "eventful" });
    await report(id, 1, 20);
    const { page, complaints } = await visit(`/runs/${id}`);
    await page.getByText("step 20", { exact: true }).waitFor();
    await ask("POST", `/runs/${id}/points`, { steps: [21], values: { loss: ["NaN"] } });
    await page.getByText("1 alert", { exact: true }).waitFor();
    await page.getByText(/1 value not finite from step 21/).waitFor();
    await ask("POST", `/runs/${id}/logs`, { message: "the data has a hole", level: "warning" });
    await page.getByRole("tab", { name: /^Log/ }).click();
    await page.getByText("the data has a hole").waitFor();
    await page.getByRole("tab", { name: /^Charts/ }).click();
    await ask("POST", `/runs/${id}/finish`, { state: "failed" });
    await stateOf(page, "Failed").waitFor();
    await ask("POST", `/runs/${id}/resume`, { from_step: 11 });
    await ask("POST", `/runs/${id}/points`, { steps: [11, 12], values: { loss: [100, 101] } });
    await stateOf(page, "Running").waitFor();
    await page.getByRole("button", { name: /before it was told anew/ }).waitFor();
    // The page exports both: the branch that counts, and beside it what it replaced.
    const points = await pointsOf(page, "loss");
    expect(points.slice(0, 12).map(([step]) => step)).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
    expect(points.slice(10, 12).map(([, value]) => value)).toEqual([100, 101]);
    expect(points.slice(12).map(([step]) => step)).toEqual([11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21]);
    expect(complaints).toEqual([]);
  });
});
