import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import WebSocket from "ws";
import { type ScriptedModel, startScriptedModel } from "../../examples/prompt-training/scripted-model.mjs";
import { TellurioClient } from "../../src/client/tellurio-client.ts";
import type { TextSocketConstructor } from "../../src/client/tellurio-socket.ts";
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

async function visit(path: string, colorScheme: "light" | "dark" = "light"): Promise<{ page: Page; complaints: readonly string[] }> {
  const watched = await openPage(browser, { colorScheme });
  onTestFinished(() => watched.page.context().close());
  const address = new URL(server.address);
  await watched.page.goto(`${address.origin}${path}${address.hash}`);
  return watched;
}

/** A training by a program of its own: a client of this test, connected as any other. */
async function ownTraining(): Promise<{ client: TellurioClient; lm: ScriptedModel; runId: string; step: () => Promise<void> }> {
  const { host, hash } = new URL(server.address);
  const lm = await startScriptedModel({
    reply: (messages) => {
      const user = messages.at(-1)!.content;
      if (user.includes("<VALUE>")) return "<NEW_VALUE>Answer with one short word.</NEW_VALUE>";
      return user.includes("under review") ? 'Say how long. <img src=x onerror="alert(1)">' : "well";
    },
  });
  onTestFinished(() => lm.close());
  const client = new TellurioClient(`ws://${host}/ws/v0/rpc/`, { WebSocket: WebSocket as unknown as TextSocketConstructor });
  onTestFinished(() => client.close());
  await client.connect(new URLSearchParams(hash.slice(1)).get("token")!);
  const run = await client.startRun("My project", { name: "by my own program" });
  const model = await client.model({ apiKey: "sk-e2e-secret", baseUrl: lm.baseUrl, shareKey: true });
  await client.setBackwardModel(model, "openai/gpt-4.1");
  const prompt = await client.parameter("Answer with one word.", { role: "instructions" });
  const query = await client.variable("hello", { role: "question" });
  const optimizer = await client.optimizer([prompt], { model, args: { model: "gpt-4.1" } });
  const step = async (): Promise<void> => {
    const messages = [
      { role: "system", content: [prompt] },
      { role: "user", content: [query] },
    ];
    const answer = await client.chat(model, messages, {}, { model: "gpt-4.1" });
    const judged = await client.run("DeterministicEvaluator", [answer, "good", () => 0.5, "brevity", null, null, null]);
    await client.backward(judged[1]!);
    await optimizer.step();
  };
  return { client, lm, runId: run.uuid, step };
}

describe("prompt training", () => {
  for (const colorScheme of ["light", "dark"] as const) {
    test(`one press trains the example from under 50 % to over 90 % in under 30 s, and shows why, ${colorScheme}`, async () => {
      const { page, complaints } = await visit("/prompts", colorScheme);
      await page.getByRole("button", { name: "Start training" }).waitFor();
      await expectAccessible(page);
      const started = Date.now();
      await page.getByRole("button", { name: "Start training" }).click();
      await page.waitForURL(/\/prompts\/[0-9a-f-]{36}$/);
      await page.getByText("Completed", { exact: true }).waitFor({ timeout: 60_000 });
      expect(Date.now() - started).toBeLessThan(30_000);
      const scores = await page.getByRole("table", { name: "Versions of instructions for routing" }).getByRole("row").allTextContents();
      const [, newest = "", ...older] = scores;
      expect(Number(/optimizer\d+?(0\.\d{3}|1\.00)/.exec(newest)?.[1])).toBeGreaterThan(0.9);
      expect(Number(/beginning0(0\.\d{3})/.exec(older.at(-1) ?? "")?.[1])).toBeLessThan(0.5);
      await page.getByRole("heading", { name: /^Criticism that led to version \d+$/ }).waitFor();
      await page
        .getByText(/Words that speak for/)
        .first()
        .waitFor();
      expect(await page.locator("ins").count()).toBeGreaterThan(0);
      await page.getByRole("heading", { name: "Score per step" }).waitFor();
      await expectAccessible(page);
      await page.getByRole("radio", { name: "List" }).check();
      await page.getByRole("table", { name: "Nodes of the graph" }).getByText("ExactMatchEvaluator").waitFor();
      await expectAccessible(page);
      expect(complaints).toEqual([]);
    });
  }

  test("a program's training shows live; markup in texts is text; Stop ends its next step with the reason", async () => {
    const { client, runId, step } = await ownTraining();
    await step();
    const { page, complaints } = await visit(`/prompts/${runId}`);
    await page.getByRole("heading", { name: "by my own program" }).waitFor();
    await page.getByText("Step 1 · 4 calls").waitFor();
    await page.getByText('Say how long. <img src=x onerror="alert(1)">').first().waitFor();
    await expect.poll(() => page.locator("ins").textContent()).toContain("short ");
    await step();
    await page.getByText(/Step 2 · 8 calls · .*tokens · about \$0\.\d+/).waitFor();
    await page.goto(`${new URL(server.address).origin}/runs/${runId}`);
    await page.getByRole("link", { name: "Prompts and criticism" }).click();
    await page.getByRole("button", { name: "Stop…" }).click();
    await expectAccessible(page);
    await page.getByRole("button", { name: "Stop the training" }).click();
    await page.getByText("Stopping…").waitFor();
    await expect(step()).rejects.toThrow(/The run was stopped on the page/);
    await client.activeRun!.finish("CRASHED");
    await page.getByText("Stopped", { exact: true }).waitFor();
    expect(await page.getByRole("button", { name: "Stop…" }).count()).toBe(0);
    expect(await page.content()).not.toContain("sk-e2e-secret");
    expect(complaints).toEqual([]);
  });

  test("everything by keyboard: the graph is one stop, arrows follow it, Enter chooses; versions are chosen and compared", async () => {
    const { runId, step } = await ownTraining();
    await step();
    const { page, complaints } = await visit(`/prompts/${runId}`);
    const prompt = page.getByRole("button", { name: /^instructions learned, version 1/ });
    await prompt.focus();
    await page.keyboard.press("ArrowRight");
    const focused = (): Promise<string | null> => page.evaluate(() => document.activeElement?.textContent ?? null);
    expect(await focused()).toMatch(/^ChatCompletion ?operation/);
    await page.keyboard.press("ArrowRight");
    expect(await focused()).toMatch(/^DeterministicEvaluator ?operation; gives Evaluation result score of/);
    await page.keyboard.press("Home");
    expect(await focused()).toMatch(/^(instructions|question)/);
    await page.getByRole("button", { name: "Version 0" }).press("Enter");
    await page.getByRole("heading", { name: "Criticism of version 0" }).waitFor();
    expect(await page.getByRole("button", { name: "Version 0" }).getAttribute("aria-pressed")).toBe("true");
    await page.getByLabel("Compare with").selectOption("1");
    await page.getByText("Version 1 → 0").waitFor();
    expect(complaints).toEqual([]);
  });

  test("a model of one's own needs a key and consent; a refusal is said; the key is not kept in the browser", async () => {
    const { page, complaints } = await visit("/prompts");
    await page.getByRole("radio", { name: "Your own" }).check();
    const start = page.getByRole("button", { name: "Start training" });
    expect(await start.isDisabled()).toBe(true);
    await page.getByLabel("Base URL").fill("http://127.0.0.1:9/v1");
    await page.getByLabel("Model", { exact: true }).fill("tiny");
    await page.getByLabel("Key", { exact: true }).fill("sk-typed-secret");
    expect(await start.isDisabled()).toBe(true);
    await page.getByText("This server may use the key for this training").click();
    await expectAccessible(page);
    await start.click();
    await page.waitForURL(/\/prompts\/[0-9a-f-]{36}$/);
    await page.getByText("Failed", { exact: true }).waitFor({ timeout: 60_000 });
    await page.getByText("Why it ended").waitFor();
    const kept = await page.evaluate(() =>
      JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.documentElement.outerHTML]),
    );
    expect(kept).not.toContain("sk-typed-secret");
    expect(complaints).toEqual([]);
  });

  test("a training that is not here is said so", async () => {
    const { page } = await visit("/prompts/00000000-0000-4000-8000-000000000000");
    await page.getByText("This training is not here").waitFor();
    await expectAccessible(page);
    await page.getByRole("link", { name: "All prompt trainings" }).click();
    await page.getByRole("heading", { name: "Prompts", exact: true }).waitFor();
  });
});
