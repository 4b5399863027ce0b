import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { expectAccessible, openBrowser, openPage } from "../support/browser.ts";
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

async function openWines(colorScheme: "light" | "dark", width = 1440): Promise<{ page: Page; complaints: readonly string[] }> {
  const watched = await openPage(browser, { colorScheme, width });
  onTestFinished(() => watched.page.context().close());
  await watched.page.goto(server.address);
  await watched.page.getByRole("button", { name: "Look first at Italian wines" }).click();
  await watched.page.getByRole("button", { name: "Components and clusters" }).click();
  return watched;
}

async function shoot(page: Page, name: string): Promise<void> {
  if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/${name}.png`, fullPage: true });
}

test("components of a table: the set-up from the declaration, the picture, figures and loadings", async () => {
  const { page, complaints } = await openWines("light");
  await page.getByText("13 columns of 14").waitFor();
  await page.getByRole("textbox", { name: "Components" }).fill("4");
  await expectAccessible(page);
  await shoot(page, "explore-form");
  await page.getByRole("button", { name: "Find components" }).click();
  await page.getByRole("heading", { name: "PC2 against PC1" }).waitFor({ timeout: 60_000 });
  const figures = page.getByRole("table", { name: "Figures of each component" });
  expect(await figures.getByRole("row").count()).toBe(5);
  // Standardised wine: R's prcomp gives 4.7059 for the first variance.
  expect(await figures.getByRole("row").nth(1).textContent()).toContain("4.71");
  await page.getByRole("combobox", { name: "Up" }).selectOption("PC3");
  await page.getByRole("heading", { name: "PC3 against PC1" }).waitFor();
  await page.getByRole("heading", { name: "What it is made of" }).waitFor();
  await expectAccessible(page);
  await shoot(page, "explore-components");
  expect(complaints).toEqual([]);
});

test("clusters: sizes, centres and how well they are apart; a setting out of bounds is refused by name", async () => {
  const { page, complaints } = await openWines("dark", 390);
  await page.getByRole("radio", { name: "Clusters" }).check();
  const clusters = page.getByRole("textbox", { name: "Clusters" });
  await clusters.fill("500");
  await page.getByRole("button", { name: "Find clusters" }).click();
  // More clusters than rows: the job fails and says what to ask for.
  await page
    .getByText(/ask for at most \d+ clusters/)
    .first()
    .waitFor({ timeout: 60_000 });
  await page.goBack();
  await page.getByRole("radio", { name: "Clusters" }).check();
  await page.getByRole("button", { name: "Find clusters" }).click();
  const found = page.getByRole("table", { name: "Clusters, their rows and centres" });
  await found.waitFor({ timeout: 60_000 });
  const rows = await found
    .locator("tbody tr")
    .evaluateAll((all) => all.map((row) => Number((row as HTMLTableRowElement).cells[1]?.textContent)));
  expect(rows).toHaveLength(3);
  expect(rows.reduce((sum, size) => sum + size, 0)).toBe(178);
  await page.getByText("Silhouette", { exact: true }).waitFor();
  await page.getByRole("button", { name: "Cluster of each row as CSV" }).waitFor();
  await expectAccessible(page);
  await shoot(page, "explore-clusters");
  expect(complaints).toEqual([]);
});
