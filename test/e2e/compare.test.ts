import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { expectAccessible, openBrowser, openPage } from "../support/browser.ts";
import { type ServerProcess, scratchFolder, startServer } from "../support/cli.ts";

vi.setConfig({ testTimeout: 180_000 });

let browser: Browser;
let server: ServerProcess;
const cleaning: (() => void)[] = [];

beforeAll(async () => {
  server = await startServer({ dataDir: scratchFolder((clean) => cleaning.push(clean)), args: ["--daemons", "2"] });
  browser = await openBrowser();
});

afterAll(async () => {
  await browser?.close();
  await server?.end();
  for (const clean of cleaning) clean();
});

async function visit(colorScheme: "light" | "dark" = "light"): Promise<{ page: Page; complaints: readonly string[] }> {
  const watched = await openPage(browser, { colorScheme });
  onTestFinished(() => watched.page.context().close());
  await watched.page.goto(server.address);
  return watched;
}

/** Both trainings of a sample, from its one press to the comparison. */
async function compareOnSample(page: Page, sample: string): Promise<void> {
  await page.getByRole("button", { name: `Train now on ${sample}` }).click();
  await page.waitForURL(/\/jobs\/job-/);
  await page.getByRole("button", { name: "Compare" }).click({ timeout: 40_000 });
  await page.getByRole("heading", { name: "How good is each?" }).waitFor({ timeout: 40_000 });
}

describe("compare", () => {
  for (const colorScheme of ["light", "dark"] as const) {
    test(`one press on a sample trains two models on the same folds; the comparison pairs them, ${colorScheme}`, async () => {
      const { page, complaints } = await visit(colorScheme);
      await compareOnSample(page, "Breast tumours");
      await page.getByText(/These 5 folds do not show that|is (better|worse) than GLMNET in AUC by/).waitFor();
      const row = (await page.getByRole("row", { name: /^AUC/ }).first().textContent()) ?? "";
      // Mean ± sd of both, then the difference with its interval.
      expect(row).toMatch(/^AUC0\.9\d\d ± 0\.\d{3}0\.9\d\d ± 0\.\d{3}[+−]?0\.\d{3} \([−]?0\.\d{3} to [−]?0\.\d{3}\)$/);
      await page.getByRole("heading", { name: "ROC" }).waitFor();
      await page.getByRole("heading", { name: "What drives each" }).waitFor();
      const settings = page.getByRole("table", { name: "Settings of the jobs" });
      await settings.getByText("algorithm").waitFor();
      expect(await settings.getByText("target", { exact: true }).count()).toBe(0);
      await page.getByText("Only what differs").click();
      await settings.getByText("target", { exact: true }).waitFor();
      await expectAccessible(page);
      expect(complaints).toEqual([]);
    });
  }

  test("other folds are refused with the reason, and one press runs the job again on the baseline's folds", async () => {
    const { page, complaints } = await visit();
    await compareOnSample(page, "Iris flowers");
    await page.getByRole("link", { name: "LightGBM", exact: true }).click();
    await page.getByRole("button", { name: "Change and run again" }).click();
    await page.getByLabel("Seed", { exact: true }).fill("7");
    await page.getByRole("button", { name: /^Train/ }).click();
    await page.waitForURL(/\/jobs\/job-/);
    await page.getByRole("tab", { name: "Results", exact: true }).waitFor({ timeout: 40_000 });
    await page.getByRole("button", { name: "Compare" }).click();
    await page.getByText(/has another seed than/).waitFor();
    expect(await page.getByText(/These 5 folds|is better than/).count()).toBe(0);
    await page.getByRole("button", { name: /again on these folds$/ }).click();
    await page
      .getByText("do not show that")
      .or(page.getByText(/is (better|worse) than/))
      .first()
      .waitFor({ timeout: 40_000 });
    expect(complaints).toEqual([]);
  });

  test("jobs are chosen with the keyboard, the baseline too, and the choice is in the address", async () => {
    const { page, complaints } = await visit();
    await compareOnSample(page, "Italian wines");
    const before = new URL(page.url()).searchParams.get("jobs")!.split(",");
    await page.getByRole("button", { name: "Choose jobs" }).press("Enter");
    await expectAccessible(page);
    await page.getByRole("button", { name: /Take as baseline: LightGBM on/ }).press("Enter");
    await expect.poll(() => new URL(page.url()).searchParams.get("jobs")).toBe([...before].reverse().join(","));
    await page.getByRole("columnheader", { name: "LightGBM (baseline)" }).waitFor();
    await page.reload();
    await page.getByRole("columnheader", { name: "LightGBM (baseline)" }).waitFor();
    expect(complaints).toEqual([]);
  });
});
