import { readFileSync } from "node:fs";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { expectAccessible, openBrowser, openPage, type WatchedPage } from "../support/browser.ts";
import { type ServerProcess, scratchFolder, startServer } from "../support/cli.ts";

vi.setConfig({ testTimeout: 240_000 });

let browser: Browser;
const cleaning: (() => void)[] = [];

beforeAll(async () => {
  browser = await openBrowser();
});

afterAll(async () => {
  await browser?.close();
  for (const clean of cleaning) clean();
});

async function freshServer(): Promise<ServerProcess> {
  const server = await startServer({ dataDir: scratchFolder(onTestFinished), args: ["--daemons", "1"] });
  onTestFinished(() => server.end());
  return server;
}

const originOf = (server: ServerProcess): string => new URL(server.address).origin;

async function ask<T>(server: ServerProcess, method: string, path: string, body?: unknown): Promise<T> {
  const response = await fetch(`${originOf(server)}/api/v2${path}`, {
    method,
    headers: { Authorization: `Bearer ${server.token}`, "Content-Type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  const text = await response.text();
  return (text === "" ? undefined : JSON.parse(text)) as T;
}

async function visit(server: ServerProcess, path: string, options: Parameters<typeof openPage>[1] = {}): Promise<WatchedPage> {
  const watched = await openPage(browser, options);
  onTestFinished(() => watched.page.context().close());
  await watched.page.goto(`${originOf(server)}${path}#token=${server.token}`);
  return watched;
}

/** Runs with settings, groups of series, and an end of each kind. Returns their ids. */
async function someRuns(server: ServerProcess, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let k = 0; k < count; k++) {
    const { id } = await ask<{ id: string }>(server, "POST", "/runs", {
      name: `trial ${k + 1}`,
      config: { lr: 0.1 / (k + 1), optimizer: { name: k % 2 === 0 ? "sgd" : "adam" }, batch_size: 64, total_steps: 60 },
      tags: k === 0 ? ["paper"] : [],
    });
    const steps = Array.from({ length: 40 }, (_, i) => i + 1);
    await ask(server, "POST", `/runs/${id}/points`, {
      steps,
      values: {
        loss: steps.map((step) => (k + 1) / step),
        "val/accuracy": steps.map((step) => 1 - (k + 1) / (step + 8)),
        "sys/cpu_percent": steps.map((step) => step),
      },
    });
    ids.push(id);
  }
  return ids;
}

async function expectNoSidewaysScroll(page: Page): Promise<void> {
  const { wide, there } = await page.evaluate(() => ({ wide: document.documentElement.scrollWidth, there: innerWidth }));
  expect(wide, `width of ${page.url()}`).toBeLessThanOrEqual(there);
}

/** For what the server works on; the default of one second is for a quiet machine. */
const PATIENT = { timeout: 60_000 };
const names = (page: Page) => page.getByRole("rowheader").getByRole("link").allTextContents();

describe("the list of runs", () => {
  test("an empty list gives programs with this server's address and token, and the first run appears by itself", async () => {
    const server = await freshServer();
    const { page, complaints } = await visit(server, "/runs");
    await page.getByText("No runs yet").waitFor();
    for (const language of ["TypeScript", "Python", "curl"]) {
      await page.getByRole("radio", { name: language }).check({ force: true });
      const text = (await page.locator("pre").textContent()) ?? "";
      expect(text).toContain(originOf(server));
      expect(text).toContain(server.token);
    }
    await expectAccessible(page);
    await ask(server, "POST", "/runs", { name: "the first" });
    await page.getByRole("link", { name: "the first" }).waitFor();
    expect(complaints).toEqual([]);
  });

  test("5,000 runs: words, conditions and tags narrow, figures sort, more are shown on demand, and few rows are in the page", async () => {
    const server = await freshServer();
    const total = 5_000;
    for (let from = 0; from < total; from += 100) {
      const made = await Promise.all(
        Array.from({ length: 100 }, (_, i) =>
          ask<{ id: string }>(server, "POST", "/runs", {
            name: `sweep ${from + i}`,
            config: { lr: (from + i) / total },
            tags: (from + i) % 1000 === 0 ? ["kept"] : [],
          }),
        ),
      );
      if (from % 1000 !== 0) continue;
      await Promise.all(
        made.map(async ({ id }, i) => {
          await ask(server, "POST", `/runs/${id}/points`, { steps: [1], values: { loss: [from + i] } });
          await ask(server, "POST", `/runs/${id}/finish`, { state: "completed" });
        }),
      );
    }
    const { page, complaints } = await visit(server, "/runs");
    await page.getByText("5,000 runs", { exact: true }).waitFor();
    await page.getByRole("button", { name: "Show 200 more" }).click();
    await page.getByText("400 of 5,000 runs are here.").waitFor();
    expect(await page.locator("tbody tr").count()).toBeLessThan(120);

    await page.getByRole("searchbox", { name: "Search runs" }).fill("tag:kept");
    await page.getByText("5 runs", { exact: true }).waitFor();
    await page.getByRole("searchbox", { name: "Search runs" }).fill("sweep lr>=0.9998");
    await page.getByText("1 run", { exact: true }).waitFor();
    expect(await names(page)).toEqual(["sweep 4999"]);
    await page.getByRole("searchbox", { name: "Search runs" }).fill("");
    await page.getByText("5,000 runs", { exact: true }).waitFor();

    await page.getByRole("button", { name: "Lowest" }).click();
    await expect.poll(async () => (await names(page)).slice(0, 3), PATIENT).toEqual(["sweep 0", "sweep 1", "sweep 2"]);
    await page.getByRole("button", { name: "loss, last" }).click();
    await expect.poll(async () => (await names(page)).slice(0, 2), PATIENT).toEqual(["sweep 4099", "sweep 4098"]);
    expect(new URL(page.url()).search).toBe("?sort=last");
    await page.reload();
    await expect.poll(async () => (await names(page)).slice(0, 2), PATIENT).toEqual(["sweep 4099", "sweep 4098"]);
    expect(complaints).toEqual([]);
  });

  test("states change in place, new runs wait behind a button, deleted ones go", async () => {
    const server = await freshServer();
    const [first = "", second = ""] = await someRuns(server, 2);
    const { page, complaints } = await visit(server, "/runs");
    await page.getByText("2 runs", { exact: true }).waitFor();
    await ask(server, "POST", `/runs/${first}/finish`, { state: "completed" });
    await page
      .getByRole("row", { name: /trial 1/ })
      .getByText("Completed")
      .waitFor();
    await ask(server, "POST", "/runs", { name: "later" });
    await page.getByRole("button", { name: "1 new ↑" }).click();
    await page.getByRole("link", { name: "later" }).waitFor();
    await ask(server, "DELETE", `/runs/${second}`);
    await page.getByRole("link", { name: "trial 2" }).waitFor({ state: "detached" });
    expect(complaints).toEqual([]);
  });

  test("a training job of this server is a run in the list and leads to its job", async () => {
    const server = await freshServer();
    const { page, complaints } = await visit(server, "/");
    await page.getByRole("button", { name: "Train now on Iris flowers" }).click();
    await page.waitForURL(/\/jobs\/job-/);
    await page.getByRole("link", { name: "Runs", exact: true }).click();
    await page.getByRole("link", { name: "Job", exact: true }).first().waitFor();
    await page.getByRole("link", { name: "Job", exact: true }).first().click();
    await page.waitForURL(/\/jobs\/job-/);
    expect(complaints).toEqual([]);
  });
});

describe("the page of a run", () => {
  test("axis, scales, smoothing, filter and pins are in the address, survive a reload, and can be kept as a layout", async () => {
    const server = await freshServer();
    const [id = ""] = await someRuns(server, 1);
    const { page, complaints } = await visit(server, `/runs/${id}`);
    await page.getByRole("heading", { name: "loss" }).waitFor();
    await page.getByLabel("Horizontal axis").selectOption({ label: "x: since start" });
    await page.getByLabel("Smoothing").selectOption({ label: "Smooth 5 s" });
    await page.getByRole("radio", { name: "y log" }).check({ force: true });
    await page.getByRole("button", { name: "Pin val/accuracy" }).click();
    await page.getByRole("region", { name: "Pinned" }).waitFor();
    await page.getByRole("searchbox", { name: "Filter metrics" }).fill("val/*");
    await page.getByRole("heading", { name: "loss", exact: true }).waitFor({ state: "detached" });
    const search = new URLSearchParams(new URL(page.url()).search);
    expect(Object.fromEntries(search)).toEqual({ x: "relative", yscale: "log", smooth: "5000", filter: "val/*", pins: "val%2Faccuracy" });

    await page.getByRole("button", { name: "Layout" }).click();
    await page.getByRole("menuitem", { name: "Save this layout…" }).click();
    await page.getByRole("textbox", { name: "Name" }).fill("validation");
    await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
    await page.getByText("Layout validation is saved.").first().waitFor();

    await page.goto(`${originOf(server)}/runs/${id}`);
    await page.getByRole("heading", { name: "loss" }).waitFor();
    await page.getByRole("button", { name: "Layout" }).click();
    await page.getByRole("menuitem", { name: "validation" }).click();
    await page.getByRole("region", { name: "Pinned" }).waitFor();
    expect(new URLSearchParams(new URL(page.url()).search).get("smooth")).toBe("5000");
    await page.reload();
    await page.getByRole("region", { name: "Pinned" }).waitFor();
    expect(await page.getByLabel("Smoothing").inputValue()).toBe("5000");
    expect(complaints).toEqual([]);
  });

  test("name, tags and notes are changed by hand and kept; charts go out as PNG, all points as CSV", async () => {
    const server = await freshServer();
    const [id = ""] = await someRuns(server, 1);
    const { page, complaints } = await visit(server, `/runs/${id}?tab=about`);
    await page.getByRole("textbox", { name: "Name" }).fill("renamed <b>");
    await page.getByRole("textbox", { name: "Tags" }).fill("paper, final");
    await page.getByRole("textbox", { name: "Notes" }).fill("good enough");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("heading", { name: "renamed <b>" }).waitFor();
    expect(await ask(server, "GET", `/runs/${id}`)).toMatchObject({ name: "renamed <b>", tags: ["paper", "final"], notes: "good enough" });

    await page.getByRole("tab", { name: /^Charts/ }).click();
    await page.getByRole("button", { name: "Export loss", exact: true }).click();
    const picture = page.waitForEvent("download");
    await page.getByRole("menuitem", { name: "Picture as PNG" }).click();
    const png = readFileSync(await (await picture).path());
    expect([...png.subarray(1, 4)]).toEqual([...Buffer.from("PNG")]);
    await page.getByRole("button", { name: "More about this run" }).click();
    const file = page.waitForEvent("download");
    await page.getByRole("menuitem", { name: "All points as CSV" }).click();
    const csv = readFileSync(await (await file).path(), "utf8");
    expect(csv.trim().split("\n")).toHaveLength(41);
    expect(complaints).toEqual([]);
  });
});

describe("runs side by side", () => {
  test("chosen in the list, compared with what differs, differences to a baseline, and limits on parallel axes", async () => {
    const server = await freshServer();
    await someRuns(server, 3);
    const { page, complaints } = await visit(server, "/runs");
    await page.getByText("3 runs", { exact: true }).waitFor();
    for (const name of ["trial 1", "trial 2", "trial 3"]) await page.getByRole("checkbox", { name: `Compare ${name}` }).check();
    await page.getByRole("button", { name: "Compare 3 runs" }).click();
    await page.getByRole("heading", { name: "Compare runs" }).waitFor();
    const table = page.getByRole("table", { name: "Figures of the compared runs" });
    await table.waitFor();
    expect(await table.getByRole("columnheader", { name: "batch_size" }).count()).toBe(0);
    await table.getByRole("columnheader", { name: "optimizer.name" }).waitFor();
    await page.getByText("Settings that are equal too").click();
    await table.getByRole("columnheader", { name: "batch_size" }).waitFor();

    await page.getByRole("button", { name: "Make trial 2 the baseline" }).click();
    // 3/40 − 2/40
    await table
      .getByRole("row", { name: /trial 3/ })
      .getByText("+0.025")
      .first()
      .waitFor();
    expect(new URL(page.url()).searchParams.get("base")).not.toBeNull();

    const axes = page.getByRole("application", { name: "Settings and results" });
    await axes.focus();
    for (let press = 0; press < 3; press++) await page.keyboard.press("ArrowUp");
    await page.getByText(/^\d of 3 runs pass: /).waitFor();
    await page.getByRole("button", { name: "Keep all" }).click();
    await page.getByText(/^3 runs over/).waitFor();

    const chart = page.locator("figure", { has: page.getByRole("heading", { name: "loss", exact: true }) });
    await chart.scrollIntoViewIfNeeded();
    for (const name of ["trial 1", "trial 2", "trial 3"]) await chart.getByRole("button", { name: new RegExp(name) }).waitFor();
    expect(complaints).toEqual([]);
  });
});

describe("everybody can use it", () => {
  for (const colorScheme of ["light", "dark"] as const) {
    test(`U-46, U-19: no accessibility fault and no sideways scroll at 1,440 and 390 px, ${colorScheme}`, async () => {
      const server = await freshServer();
      const ids = await someRuns(server, 3);
      await ask(server, "POST", `/runs/${ids[0]}/points`, { steps: [41], values: { loss: ["NaN"] } });
      await ask(server, "POST", `/runs/${ids[0]}/logs`, { message: "a line", level: "warning" });
      await ask(server, "POST", `/runs/${ids[1]}/finish`, { state: "failed", reason: "out of memory" });
      const views: [string, string][] = [
        ["/runs", "trial 1"],
        [`/runs/${ids[0]}`, "1 alert"],
        [`/runs/${ids[0]}?tab=log`, "a line"],
        [`/runs/${ids[0]}?tab=about`, "Configuration"],
        [`/runs/compare?runs=${ids.join(",")}`, "Settings and results"],
        ["/runs/compare", "Choose runs"],
        ["/runs/nothing-here", "This run is not here"],
      ];
      for (const width of [1440, 390]) {
        const { page, complaints } = await visit(server, "/runs", { colorScheme, width });
        for (const [path, sign] of views) {
          await page.goto(`${originOf(server)}${path}`);
          await page.getByText(sign).first().waitFor();
          await expectAccessible(page);
          await expectNoSidewaysScroll(page);
        }
        // A run that is not there is answered so, and the browser notes each such answer.
        expect(complaints.filter((text) => !text.includes("404"))).toEqual([]);
      }
    });
  }

  test("U-47: from the list to a value of a curve with the keyboard alone", async () => {
    const server = await freshServer();
    await someRuns(server, 1);
    const { page, complaints } = await visit(server, "/runs");
    await page.getByRole("link", { name: "trial 1" }).waitFor();
    /** Tabs on until the focused control has this name; fails when its focus is invisible or there is none. */
    const tabTo = async (name: RegExp): Promise<void> => {
      for (let stop = 0; stop < 80; stop++) {
        await page.keyboard.press("Tab");
        const focused = await page.evaluate(() => {
          const element = document.activeElement as HTMLElement | null;
          if (element === null || element === document.body) return null;
          const label = element.getAttribute("aria-label");
          const named = document.getElementById(element.getAttribute("aria-labelledby") ?? "")?.textContent;
          const style = getComputedStyle(element);
          return { text: label ?? named ?? element.textContent ?? "", seen: style.outlineStyle !== "none" || style.boxShadow !== "none" };
        });
        if (focused === null || !name.test(focused.text.trim())) continue;
        expect(focused.seen, `focus ring on ${focused.text}`).toBe(true);
        return;
      }
      throw new Error(`no tab stop is named ${name}`);
    };
    await tabTo(/^trial 1$/);
    await page.keyboard.press("Enter");
    await page.getByRole("application", { name: "loss" }).waitFor();
    await tabTo(/^loss$/);
    await page.keyboard.press("ArrowRight");
    await expect
      .poll(() => page.locator("[aria-live]").allTextContents(), PATIENT)
      .toContainEqual(expect.stringMatching(/step \d+, loss, /));
    expect(complaints).toEqual([]);
  });
});
