import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { expectAccessible, openBrowser, openPage } from "../support/browser.ts";
import { type ServerProcess, scratchFolder, startServer } from "../support/cli.ts";

vi.setConfig({ testTimeout: 180_000 });

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

/** The set-up of a model for a sample with gaps. */
async function setUp(colorScheme: "light" | "dark"): Promise<{ page: Page; complaints: readonly string[] }> {
  const watched = await openPage(browser, { colorScheme });
  onTestFinished(() => watched.page.context().close());
  const { page } = watched;
  await page.goto(server.address);
  await page.locator("input[type=file]").first().setInputFiles("samples/pbc.csv");
  await page.getByRole("heading", { name: "pbc.csv" }).waitFor();
  await page.getByRole("button", { name: /set up a model/i }).click();
  await page.getByRole("heading", { name: "New model" }).waitFor();
  return watched;
}

const section = (page: Page) => page.getByRole("region", { name: /Preprocessing/ });
/** Its label says when it was changed. */
const dropColumns = (page: Page) => section(page).getByLabel(/^Drop columns( \(changed\))?$/);
const open = async (page: Page): Promise<void> => {
  await section(page).getByText("Features are used as they are").click();
  await section(page).getByRole("switch", { name: "Impute missing values" }).waitFor();
};

describe("preprocessing on the page", () => {
  test("two options are set, trained with, and stand in the record", async () => {
    const { page, complaints } = await setUp("light");
    await open(page);
    await section(page).getByRole("switch", { name: "Scale numbers" }).check({ force: true });
    await section(page).getByText("1 changed").waitFor();
    await section(page)
      .getByRole("button", { name: /^All 40/ })
      .click();
    await dropColumns(page).fill("age, sex");
    await section(page).locator("summary").getByText("scale · remove_features").waitFor();
    await page.getByRole("button", { name: /^Train/ }).click();
    await page.waitForURL(/\/jobs\/job-/);
    await page.getByRole("tab", { name: "Results", exact: true }).waitFor({ timeout: 120_000 });
    await page.getByRole("tab", { name: "Record", exact: true }).click();
    const record = page.locator("pre").filter({ hasText: "preprocessor_config" });
    await record.waitFor();
    const text = JSON.parse((await record.textContent()) ?? "");
    expect(text.preprocessor_config).toEqual({ scale: true, remove_features: ["age", "sex"] });
    expect(complaints).toEqual([]);
  });

  test("a fault is shown at its option with the remedy, and Train waits", async () => {
    const { page } = await setUp("dark");
    await open(page);
    await section(page)
      .getByRole("button", { name: /^All 40/ })
      .click();
    await dropColumns(page).fill("agee");
    await section(page)
      .getByText(/names "agee", which is not a feature\. Did you mean "age"\?/)
      .waitFor();
    await expect.poll(() => page.getByRole("button", { name: /^Train/ }).isDisabled()).toBe(true);
    await dropColumns(page).fill("age");
    await expect.poll(() => page.getByRole("button", { name: /^Train/ }).isDisabled()).toBe(false);
  });

  for (const scheme of ["light", "dark"] as const) {
    test(`the opened section is accessible, ${scheme}`, async () => {
      const { page } = await setUp(scheme);
      await open(page);
      await section(page)
        .getByRole("button", { name: /^All 40/ })
        .click();
      await expectAccessible(page);
    });
  }
});
