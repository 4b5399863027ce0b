import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { openBrowser, openPage } from "../support/browser.ts";
import { scratchFolder, startServer } from "../support/cli.ts";

vi.setConfig({ testTimeout: 240_000 });

let browser: Browser;

beforeAll(async () => {
  browser = await openBrowser();
});

afterAll(() => browser?.close());

/** A port that nobody has now; above 1023 and below 49152, as servers want it. */
async function freePort(): Promise<number> {
  for (;;) {
    const probe = createServer();
    const port = 20_000 + Math.floor(Math.random() * 25_000);
    const isFree = await new Promise<boolean>((resolve) => {
      probe.once("error", () => resolve(false));
      probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(true)));
    });
    if (isFree) return port;
  }
}

test("the server is killed with -9 in the middle of a job: the page says so, and after a restart it shows the session, the data, the finished job, and the cut-off one as interrupted", async () => {
  const dataDir = scratchFolder(onTestFinished);
  const args = ["--port", String(await freePort()), "--token", "test-token", "--daemons", "2"];
  const first = await startServer({ dataDir, args });
  const { page } = await openPage(browser);
  onTestFinished(() => page.context().close());
  await page.goto(first.address);
  await page.getByRole("button", { name: "Train now on Iris flowers" }).click();
  await page.getByText("Done").first().waitFor();

  await page.getByRole("link", { name: "Start" }).click();
  await page.locator("input[type=file]").first().setInputFiles("samples/breast_cancer.csv");
  await page.getByRole("button", { name: /set up a model/i }).click();
  await page.getByLabel("Rounds", { exact: true }).fill("5000");
  await page.getByRole("button", { name: /^Train/ }).click();
  await page.getByText("fold 1 · training").first().waitFor();

  await first.end("SIGKILL");
  await page
    .getByText(/not answering/)
    .first()
    .waitFor();

  const second = await startServer({ dataDir, args });
  onTestFinished(() => second.end());
  await page.getByRole("status", { name: "Link to the server" }).getByText("Live").waitFor();
  await page.getByText("Interrupted").first().waitFor();
  await page.getByRole("link", { name: "Jobs" }).click();
  await page.getByText("Done").first().waitFor();
  await page.getByRole("link", { name: "Data" }).click();
  await page.getByText("breast_cancer.csv").first().waitFor();
});

test("diamonds.csv, 53,940 rows with text categories, goes from a dropped file to a trained model without a setting", async () => {
  const server = await startServer({ dataDir: scratchFolder(onTestFinished), args: ["--daemons", "2"] });
  onTestFinished(() => server.end());
  const file = join(mkdtempSync(join(tmpdir(), "trainyard-diamonds-")), "diamonds.csv");
  writeFileSync(file, gunzipSync(readFileSync("test/fixtures/data/diamonds.csv.gz")));
  const { page, complaints } = await openPage(browser);
  onTestFinished(() => page.context().close());
  await page.goto(server.address);
  await page.locator("input[type=file]").first().setInputFiles(file);
  await page
    .getByText(/53,940 rows/)
    .first()
    .waitFor();
  await expect
    .poll(() =>
      page
        .getByLabel(/^Predict/)
        .first()
        .inputValue(),
    )
    .toBe("price");
  await page.getByRole("button", { name: /set up a model/i }).click();
  await page.getByRole("button", { name: /^Train/ }).click();
  await page.getByText("Done").first().waitFor({ timeout: 200_000 });
  await page.getByRole("tab", { name: "Results" }).click();
  const rsq = (await page.getByRole("row", { name: /^R²/ }).first().textContent()) ?? "";
  expect(Number(/0\.9\d+/.exec(rsq)?.[0])).toBeGreaterThan(0.97);
  expect(complaints).toEqual([]);
});

test("from a sample to a trained model with the keyboard alone, focus always visible", async () => {
  const server = await startServer({ dataDir: scratchFolder(onTestFinished), args: ["--daemons", "2"] });
  onTestFinished(() => server.end());
  const { page, complaints } = await openPage(browser);
  onTestFinished(() => page.context().close());
  await page.goto(server.address);
  await page.getByRole("button", { name: "Look first at Iris flowers" }).waitFor();

  /** Tabs on until the focused control has this name; fails when the focus is invisible or the page has no such stop. */
  const tabTo = async (name: RegExp): Promise<void> => {
    for (let stop = 0; stop < 150; stop++) {
      await page.keyboard.press("Tab");
      const focused = await page.evaluate(() => {
        const element = document.activeElement as HTMLElement | null;
        if (element === null || element === document.body) return null;
        const box = element.getBoundingClientRect();
        const style = getComputedStyle(element);
        return {
          text: element.getAttribute("aria-label") ?? element.textContent ?? "",
          seen: box.width > 0 && (style.outlineStyle !== "none" || style.boxShadow !== "none"),
        };
      });
      if (focused === null || !name.test(focused.text.trim())) continue;
      expect(focused.seen, `focus ring on ${focused.text}`).toBe(true);
      return;
    }
    throw new Error(`no tab stop is named ${name}`);
  };

  await tabTo(/^Look first at Iris/);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: /iris/i }).first().waitFor();
  // The page's parts come one after the other; a person tabs to what is there.
  await expect.poll(() => page.getByRole("button", { name: /^Set up a model/ }).isEnabled()).toBe(true);
  await tabTo(/^Set up a model/);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "New model" }).waitFor();
  await expect.poll(() => page.getByRole("button", { name: /^Train/ }).isEnabled()).toBe(true);
  await page.keyboard.press("Control+Enter");
  await page.waitForURL(/\/jobs\/job-/);
  await page.getByText("Done").first().waitFor();
  await page.getByRole("button", { name: /^Change and run again/ }).waitFor();
  await tabTo(/^Change and run again/);
  expect(complaints).toEqual([]);
});
