import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { expectAccessible, openBrowser, openPage } from "../support/browser.ts";
import { type ServerProcess, scratchFolder, startServer } from "../support/cli.ts";

vi.setConfig({ testTimeout: 240_000 });

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

/** The page of a finished job of boosted trees on three classes. */
async function openExplain(colorScheme: "light" | "dark", width: number): Promise<{ page: Page; complaints: readonly string[] }> {
  const watched = await openPage(browser, { colorScheme, width });
  onTestFinished(() => watched.page.context().close());
  await watched.page.goto(server.address);
  await watched.page.getByRole("button", { name: "Train now on Italian wines" }).click();
  await watched.page.getByRole("heading", { name: /LightGBM/ }).waitFor();
  await watched.page.getByRole("tab", { name: "Explain" }).click({ timeout: 120_000 });
  return watched;
}

for (const [colorScheme, width] of [
  ["light", 1440],
  ["dark", 390],
] as const) {
  test(`what the model learned: shuffling, one feature's curve, one row's contributions, ${colorScheme} at ${width}`, async () => {
    const { page, complaints } = await openExplain(colorScheme, width);
    await page
      .getByRole("heading", { name: /^How .* moves the prediction$/ })
      .nth(1)
      .waitFor();
    await page.getByText(/The mean probability of class_0 is lowest at/).waitFor();
    await page.getByRole("combobox", { name: "Feature" }).selectOption("proline");
    await page.getByRole("heading", { name: "How proline moves the prediction" }).waitFor();
    await page.getByRole("button", { name: "Shuffle each feature" }).click();
    await page
      .getByText(/Rise of log-loss over|log-loss with all features/)
      .first()
      .waitFor();
    // The row's score is the baseline and its contributions together, as the numbers behind the bars show.
    const row = page.getByRole("textbox", { name: "Row of the data" });
    await row.fill("3");
    const first = page.getByRole("figure", { name: "Row 3: class_0" });
    await first.getByRole("button", { name: "Show Row 3: class_0 as table" }).click();
    const shown = await first
      .getByRole("row")
      .evaluateAll((rows) => rows.slice(1).map((one) => Number((one as HTMLTableRowElement).cells[1]?.textContent?.replace("−", "-"))));
    const said =
      (await page
        .getByText(/^Baseline/)
        .first()
        .textContent()) ?? "";
    const [baseline = Number.NaN, score = Number.NaN] = [...said.matchAll(/[−-]?\d+\.?\d*(?:e[−-]?\d+)?/g)].map(([text]) =>
      Number(text.replace("−", "-")),
    );
    expect(shown.length).toBe(13);
    expect(Math.abs(shown.reduce((sum, value) => sum + value, baseline) - score)).toBeLessThan(0.01);
    await expectAccessible(page);
    if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/explain-${colorScheme}.png`, fullPage: true });
    expect(complaints).toEqual([]);
  });
}

test("U-39: the threshold's counts are of held-out rows, presets say that they were chosen on them, and the slider takes keys", async () => {
  const { page, complaints } = await openPage(browser);
  onTestFinished(() => page.context().close());
  await page.goto(server.address);
  await page.getByRole("button", { name: "Train now on Breast tumours" }).click();
  await page.getByRole("heading", { name: "Threshold" }).waitFor({ timeout: 120_000 });
  const counts = page.getByRole("table", { name: "Counts at this threshold" });
  const read = (): Promise<number[]> =>
    counts.locator("td.num").evaluateAll((cells) => cells.map((cell) => Number(cell.textContent?.replaceAll(",", ""))));
  await page.getByText("Counts are of 569 held-out rows.").waitFor();
  expect((await read()).reduce((sum, count) => sum + count, 0)).toBe(569);
  const slider = page.getByRole("slider", { name: /Threshold/ });
  await slider.focus();
  await page.keyboard.press("End");
  // At 1 hardly a row is called positive: the second column is (nearly) empty.
  const [, falseAlarms = Number.NaN] = await read();
  expect(falseAlarms).toBe(0);
  await page.keyboard.press("Home");
  expect((await read()).filter((_, index) => index % 2 === 0)).toEqual([0, 0]);
  await page.getByRole("button", { name: "Best balanced accuracy" }).click();
  await page.getByText("Chosen on these rows, so the figures are optimistic.").waitFor();
  await expectAccessible(page);
  if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/threshold.png`, fullPage: true });
  expect(complaints).toEqual([]);
});
