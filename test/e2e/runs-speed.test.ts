import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { openBrowser, openPage } from "../support/browser.ts";
import { type ServerProcess, scratchFolder, startServer } from "../support/cli.ts";

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

async function ask<T>(method: string, path: string, body?: unknown): Promise<T> {
  const response = await fetch(`${new URL(server.address).origin}/api/v2${path}`, {
    method,
    headers: { Authorization: `Bearer ${server.token}`, "Content-Type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
}

const SERIES = 100;
const key = (i: number): string => `group ${i % 5}/series ${i}`;

function rows(first: number, count: number): Record<string, unknown> {
  const steps = Array.from({ length: count }, (_, i) => first + i);
  const values = Object.fromEntries(
    Array.from({ length: SERIES }, (_, i) => [key(i), steps.map((step) => Math.sin(step / 50 + i) + ((step * 7919 + i) % 13) / 26)]),
  );
  return { producer: "p", sequence: first - 1, steps, values };
}

test("U-2: 100 series at 10 points a second each: the page's main thread stays mostly idle, only charts in sight exist, and all points arrive", async () => {
  const { id } = await ask<{ id: string }>("POST", "/runs", { name: "wide" });
  await ask("POST", `/runs/${id}/points`, rows(1, 500));
  const { page, complaints } = await openPage(browser);
  onTestFinished(() => page.context().close());
  await page.goto(`${new URL(server.address).origin}/runs/${id}#token=${server.token}`);
  await page.getByText("step 500", { exact: true }).waitFor();
  await page.locator(".c-lines canvas").first().waitFor();
  // 100 charts have a place; those far below the screen are not made.
  expect(await page.locator(".r-place").count()).toBe(SERIES);
  expect(await page.locator(".c-lines canvas").count()).toBeLessThan(40);

  const debug = await page.context().newCDPSession(page);
  await debug.send("Performance.enable", { timeDomain: "threadTicks" });
  const busySeconds = async (): Promise<number> =>
    (await debug.send("Performance.getMetrics")).metrics.find(({ name }) => name === "TaskDuration")?.value ?? Number.NaN;
  const before = await busySeconds();
  const batches = 80;
  const started = performance.now();
  for (let batch = 0; batch < batches; batch++) {
    await ask("POST", `/runs/${id}/points`, rows(501 + batch, 1));
    // The pace is part of what is measured: ten points a second.
    const due = started + (batch + 1) * 100;
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())));
  }
  const share = (await busySeconds()) - before;
  const seconds = (performance.now() - started) / 1000;
  await page.getByText(`step ${500 + batches}`, { exact: true }).waitFor();
  // CPU time of the page's thread, not time of the clock: a busy machine changes it little.
  console.info(`main thread: ${((100 * share) / seconds).toFixed(1)} % busy`);
  expect(share / seconds).toBeLessThan(0.8);

  const heading = page.getByRole("heading", { name: key(99), exact: true });
  await page.getByRole("button", { name: /^group 4/ }).scrollIntoViewIfNeeded();
  await page.getByRole("searchbox", { name: "Filter metrics" }).fill("series 99");
  await heading.waitFor();
  await page.getByRole("button", { name: /^Show .*series 99 as table/ }).click();
  await page.getByRole("table", { name: /series 99, as numbers/ }).waitFor();
  expect(await page.getByRole("table", { name: /series 99, as numbers/ }).getAttribute("aria-rowcount")).toBe(String(500 + batches + 1));
  expect(complaints).toEqual([]);
});

test("U-14, U-27: a run of 600,000 values is drawn from roll-ups at once; its one spike is there, and it goes on live", async () => {
  const { id } = await ask<{ id: string }>("POST", "/runs", { name: "long" });
  const spike = 412_345;
  for (let from = 1; from <= 600_000; from += 10_000) {
    const steps = Array.from({ length: 10_000 }, (_, i) => from + i);
    const values = { loss: steps.map((step) => (step === spike ? 64 : (step % 8) / 8)) };
    await ask("POST", `/runs/${id}/points`, { producer: "p", sequence: from - 1, steps, values });
  }
  const { page, complaints } = await openPage(browser);
  onTestFinished(() => page.context().close());
  await page.goto(`${new URL(server.address).origin}/runs/${id}#token=${server.token}`);
  await page.getByText(/Drawn from roll-ups/).waitFor({ timeout: 120_000 });
  await page.getByText("step 600,000", { exact: true }).waitFor();
  await page.getByRole("button", { name: "Show loss as table" }).click();
  await page.getByRole("table", { name: "loss, as numbers" }).waitFor();
  await page.getByRole("columnheader", { name: "loss" }).getByRole("button").click();
  await page.getByRole("columnheader", { name: "loss" }).getByRole("button").click();
  await page.getByRole("row", { name: /412,345 .*64/ }).waitFor();
  await page.getByRole("button", { name: "Show loss as chart" }).click();
  await ask("POST", `/runs/${id}/points`, { producer: "p", sequence: 600_000, steps: [600_001], values: { loss: [0.5] } });
  await page.getByText("step 600,001", { exact: true }).waitFor();
  expect(complaints).toEqual([]);
});
