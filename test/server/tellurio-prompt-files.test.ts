import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { readPromptFiles } from "../../src/server/tellurio/prompt-files.ts";
import { DEFAULT_PROMPTS } from "../../src/textgrad/index.ts";
import { runCli } from "../support/cli.ts";
import { chat, RawClient, scriptedModel, tellurioRig } from "./tellurio-rig.ts";

function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), "trainyard-prompts-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

test("files replace the prompts that they are named after; the others stay", () => {
  expect(readPromptFiles(folderWith({}))).toEqual(DEFAULT_PROMPTS);
  const prompts = readPromptFiles(
    folderWith({ "no-feedback.txt": "Nothing was said.\n", "judge-form.txt": 'A "score", please.', ".hidden": "x" }),
  );
  expect(prompts).toEqual({ ...DEFAULT_PROMPTS, noFeedback: "Nothing was said.", judgeForm: 'A "score", please.' });
});

test("a folder that is not there, a name that is none, a text without what it needs: each is said with its remedy", () => {
  expect(() => readPromptFiles("/nowhere/at/all")).toThrow(/cannot be read/);
  expect(() => readPromptFiles(folderWith({ "optimiser-system.txt": "x" }))).toThrow(
    /Did you mean "optimizer-system.txt"\? There are: backward-system.txt, /,
  );
  expect(() => readPromptFiles(folderWith({ "optimizer-user.txt": "Improve {value}." }))).toThrow(/must contain \{feedback\}/);
  expect(() => readPromptFiles(folderWith({ "combined-feedback.txt": "{feedback} is all." }))).toThrow(/must end with \{feedback\}/);
  expect(() => readPromptFiles(folderWith({ "no-feedback.txt": " \n" }))).toThrow(/is empty/);
});

test("every prompt of the engine passes its own check", () => {
  const files = Object.entries(DEFAULT_PROMPTS).map(([name, text]) => [
    `${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}.txt`,
    `${text}\n`,
  ]);
  expect(readPromptFiles(folderWith(Object.fromEntries(files)))).toEqual(DEFAULT_PROMPTS);
});

test("T-66, T-80: what an evaluation and what a sum say in words are prompts as well, so a client that compares them word by word can be served", async () => {
  const folder = folderWith({
    "score-explanation.txt": "For {purpose}: {prediction} against {target} makes {score}.",
    "combined-feedback.txt": "On {role}: {feedback}",
  });
  const client = await RawClient.connect((await tellurioRig({ prompts: readPromptFiles(folder) })).url);
  const colour = await client.variable("green", "colour", true);
  const isEqual = client.fn((given: string, wanted: string) => (given === wanted ? 1 : 0));
  const judged = await client.run("DeterministicEvaluator", [colour.ref, "red", isEqual, "a match", null, null, null]);
  expect(judged.data[1].data).toBe("For a match: green against red makes 0.");
  const exact = await client.run("ExactMatchEvaluator", [colour.ref, "green", null, null]);
  expect(exact.data[1].data).toBe("For exact match: green against green makes 1.");
  const more = await client.variable("ish", "end", false);
  const whole = (await client.run("Add", [colour.ref, more.ref])).data;
  const said = await client.variable("too long", "gradient", false);
  const variables = { __variable__: true, variable_id: whole.variable_id };
  await client.call("run_backward", { variables, grad_variables: said.ref, retain_graph: null, create_graph: false, inputs: null });
  const pushed = client.heard.filter(({ method }) => method === "append_grad");
  expect(pushed.map(({ params }) => params.gradient.data)).toEqual(["On colour: too long"]);
  expect(() => readPromptFiles(folderWith({ "score-explanation.txt": "Fine." }))).toThrow(/must contain \{score\}/);
});

test("a server that was given prompts says them to its models; one that was given wrong ones does not start", async () => {
  const folder = folderWith({
    "backward-system.txt": "You are the house critic.",
    "optimizer-system.txt": "You are the house writer: <NEW_VALUE>.",
  });
  const { url } = await tellurioRig({ prompts: readPromptFiles(folder) });
  const systems: string[] = [];
  const lm = await scriptedModel((user, messages) => {
    systems.push(messages[0]!.content);
    return user.includes("<VALUE>") ? "<NEW_VALUE>new</NEW_VALUE>" : "said";
  });
  const client = await RawClient.connect(url);
  const { id: model_id, ref } = await client.model(lm.baseUrl);
  await client.call("set_model_singleton", { model_id, model_name: "m", client_args: {}, completion_args: {} });
  const prompt = await client.variable("p", "prompt", true, "__parameter__");
  const { data } = await client.run("ChatCompletion", [ref, chat(["user", prompt.ref]), null], { model: "m" });
  const variables = { __variable__: true, variable_id: data.variable_id };
  await client.call("run_backward", { variables, grad_variables: null, retain_graph: null, create_graph: false, inputs: null });
  const defaults = { model_client: ref, messages: [], inputs: null, constraints: [], momentum: 0, completion_args: { model: "m" } };
  const { optimizer_id } = await client.call("create_optimizer", { optimizer_name: "TGD", params: [prompt.ref], defaults });
  await client.call("run_step", { optimizer_id });
  expect(systems.slice(1)).toEqual(["You are the house critic.", "You are the house writer: <NEW_VALUE>."]);
  const wrong = folderWith({ "mine.txt": "x" });
  const { status, stderr } = await runCli(["serve", "--port", "0", "--data-dir", folderWith({}), "--prompts", wrong]);
  expect([status === 0, stderr]).toEqual([false, expect.stringContaining("mine.txt is no prompt of the engine")]);
});
