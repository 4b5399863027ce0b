import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { decodeModel } from "../../src/engine/model/model-file.ts";
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

/** A fresh visitor on the server's page. */
async function visit(): Promise<{ page: Page; complaints: readonly string[] }> {
  const watched = await openPage(browser);
  onTestFinished(() => watched.page.context().close());
  await watched.page.goto(server.address);
  return watched;
}

async function upload(page: Page, sample: string): Promise<void> {
  await page.locator("input[type=file]").first().setInputFiles(`samples/${sample}.csv`);
  const heading = page.getByRole("heading", { name: `${sample}.csv` });
  await heading.waitFor().catch(async (cause) => {
    throw new Error(`${sample}.csv did not open; the page says:\n${await page.locator("body").textContent()}`, { cause });
  });
}

async function setUp(page: Page): Promise<void> {
  await page.getByRole("button", { name: /set up a model/i }).click();
  await page.getByRole("heading", { name: "New model" }).waitFor();
}

async function train(page: Page): Promise<void> {
  await page.getByRole("button", { name: /^Train/ }).click();
  await page.waitForURL(/\/jobs\/job-/);
}

const tab = (page: Page, name: string) => page.getByRole("tab", { name, exact: true });
/** The results are offered once the job is done; the word itself also counts finished cells. */
const isDone = (page: Page) => tab(page, "Results").waitFor({ timeout: 120_000 });

async function saveModel(page: Page): Promise<string> {
  await tab(page, "Use the model").click();
  const waiting = page.waitForEvent("download");
  await page.getByRole("button", { name: "Download the model" }).click();
  const download = await waiting;
  const path = join(scratchFolder(onTestFinished), "model.tym");
  await download.saveAs(path);
  return path;
}

describe("the main job, from the first click to the saved model", () => {
  test("breast_cancer: two classes with boosted trees, results on held-out rows, a model that predicts a new file", async () => {
    const { page, complaints } = await visit();
    await upload(page, "breast_cancer");
    await expect
      .poll(() =>
        page
          .getByLabel(/^Predict/)
          .first()
          .inputValue(),
      )
      .toBe("diagnosis");
    await page.getByRole("tabpanel").getByText("mean radius", { exact: true }).waitFor();
    await setUp(page);
    await train(page);
    await isDone(page);
    await tab(page, "Results").click();
    for (const title of ["ROC", "Precision and recall", "Calibration", "Confusion", "What drives it"])
      await page.getByRole("heading", { name: title }).first().waitFor();
    const auc = (await page.getByRole("row", { name: /^AUC/ }).first().textContent()) ?? "";
    expect(Number(/0\.9\d+/.exec(auc)?.[0])).toBeGreaterThan(0.97);

    await tab(page, "Predictions").click();
    await page.getByText("569").first().waitFor();

    const { header } = decodeModel(readFileSync(await saveModel(page)));
    expect(header).toMatchObject({ algorithm: "LightGBM", target: "diagnosis", classes: ["benign", "malignant"], rows: 569 });

    const fresh = join(scratchFolder(onTestFinished), "new patients.csv");
    writeFileSync(fresh, readFileSync("samples/breast_cancer.csv", "utf8").split("\n").slice(0, 21).join("\n"));
    await page.locator("input[type=file]").first().setInputFiles(fresh);
    await page.getByText(/20\s+rows predicted/).waitFor();
    await page.getByText("prob_malignant").first().waitFor();
    expect(complaints).toEqual([]);
  });

  test("wine: three classes with the elastic net, tuned on inner folds", async () => {
    const { page, complaints } = await visit();
    await upload(page, "wine");
    await setUp(page);
    await page.getByRole("radio", { name: /Elastic net/ }).check({ force: true });
    await page.getByRole("button", { name: "Tune Elastic-net mix" }).first().click();
    await page.getByLabel("Folds", { exact: true }).fill("3");
    await page.getByText("Candidates", { exact: true }).waitFor();
    await train(page);
    await page
      .getByText(/Fold 1/)
      .first()
      .waitFor();
    await isDone(page);
    await tab(page, "Results").click();
    const accuracy =
      (await page
        .getByRole("row", { name: /^Balanced accuracy/ })
        .first()
        .textContent()) ?? "";
    expect(Number(/0\.\d+|1\.0+/.exec(accuracy)?.[0])).toBeGreaterThan(0.93);
    await page.getByRole("heading", { name: "What tuning chose" }).first().waitFor();
    const { header } = decodeModel(readFileSync(await saveModel(page)));
    expect(header).toMatchObject({ algorithm: "GLMNET", task: "multiclass", target: "cultivar" });
    expect(complaints).toEqual([]);
  });

  test("diabetes: regression, with residuals", async () => {
    const { page, complaints } = await visit();
    await upload(page, "diabetes");
    await setUp(page);
    await page.getByRole("radio", { name: /Decision tree/ }).check({ force: true });
    await train(page);
    await isDone(page);
    await tab(page, "Results").click();
    await page
      .getByRole("heading", { name: /residual/i })
      .first()
      .waitFor();
    await page.getByRole("row", { name: /^R²/ }).first().waitFor();
    const { header } = decodeModel(readFileSync(await saveModel(page)));
    expect(header).toMatchObject({ algorithm: "CART", task: "regression", target: "progression" });
    expect(complaints).toEqual([]);
  });

  test("a file that is dropped on the page opens like one that is chosen", async () => {
    const { page, complaints } = await visit();
    await page.getByText("Drop a file here, or pick one").waitFor();
    const text = readFileSync("samples/iris.csv", "utf8");
    const dropped = await page.evaluateHandle((content) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([content], "iris.csv", { type: "text/csv" }));
      return transfer;
    }, text);
    const target = page.getByText("Drop a file here, or pick one");
    for (const type of ["dragenter", "dragover", "drop"]) await target.dispatchEvent(type, { dataTransfer: dropped });
    await page.getByRole("heading", { name: "iris.csv" }).waitFor();
    expect(complaints).toEqual([]);
  });

  test("a sample trains with one press", async () => {
    const { page, complaints } = await visit();
    await page.getByRole("button", { name: "Train now on Iris flowers" }).click();
    await page.waitForURL(/\/jobs\/job-/);
    await isDone(page);
    expect(complaints).toEqual([]);
  });
});

describe("while it runs", () => {
  async function startLongJob(page: Page): Promise<void> {
    await upload(page, "breast_cancer");
    await setUp(page);
    await page.getByLabel("Rounds", { exact: true }).fill("4000");
    await train(page);
    await page.getByRole("region", { name: "Progress" }).waitFor();
    await page
      .getByText(/fold 1 · training/)
      .first()
      .waitFor();
  }

  test("a reload in the middle loses nothing and shows nothing twice", async () => {
    const { page, complaints } = await visit();
    await startLongJob(page);
    await page.reload();
    await page
      .getByText(/fold 1 · training/)
      .first()
      .waitFor();
    expect(await page.getByRole("treeitem", { name: /Fold 1\/5/ }).count()).toBe(1);
    const legend = await page.getByText("fold 1 · training", { exact: true }).count();
    expect(legend).toBe(1);
    await page.getByRole("button", { name: /^Cancel/ }).click();
    await page.getByRole("button", { name: "Cancel the job" }).click();
    await page.getByText("Cancelled").first().waitFor();
    expect(complaints).toEqual([]);
  });

  test("cancel works within a second", async () => {
    const { page, complaints } = await visit();
    const takenMs: number[] = [];
    // What else the machine does can only make it longer: the best of a few tries is the program's own time.
    while (takenMs.length < 4 && Math.min(...takenMs) >= 1000) {
      if (takenMs.length > 0) await page.goto(server.address);
      await startLongJob(page);
      await page.getByRole("button", { name: /^Cancel/ }).click();
      const pressed = Date.now();
      await page.getByRole("button", { name: "Cancel the job" }).click();
      await page.getByText("Cancelled").first().waitFor();
      takenMs.push(Date.now() - pressed);
    }
    expect(Math.min(...takenMs), `took ${takenMs.join(", ")} ms`).toBeLessThan(1000);
    expect(complaints).toEqual([]);
  });
});

describe("the page itself", () => {
  for (const colorScheme of ["light", "dark"] as const) {
    test(`axe finds nothing on start, data, set-up, live and results, ${colorScheme}`, async () => {
      const { page, complaints } = await openPage(browser, { colorScheme });
      onTestFinished(() => page.context().close());
      await page.goto(server.address);
      await page
        .getByRole("button", { name: /Train now/ })
        .first()
        .waitFor();
      await expectAccessible(page);
      await upload(page, "wine");
      await page.getByRole("tabpanel").getByText("alcohol", { exact: true }).waitFor();
      await expectAccessible(page);
      await setUp(page);
      await page.getByLabel("Folds", { exact: true }).fill("3");
      await expectAccessible(page);
      await train(page);
      await isDone(page);
      await tab(page, "Live").click();
      await page
        .getByText(/fold 1 · training/)
        .first()
        .waitFor();
      await expectAccessible(page);
      await tab(page, "Results").click();
      await page.getByRole("heading", { name: "ROC" }).first().waitFor();
      await expectAccessible(page);
      expect(complaints).toEqual([]);
    });
  }

  test("without the token the page says what to do", async () => {
    const { page } = await openPage(browser);
    onTestFinished(() => page.context().close());
    await page.goto(server.address.slice(0, server.address.indexOf("#")));
    await page.getByLabel("Token").waitFor();
    await page.getByLabel("Token").fill(server.token);
    await page.keyboard.press("Enter");
    await page
      .getByRole("button", { name: /Train now/ })
      .first()
      .waitFor();
  });
});
