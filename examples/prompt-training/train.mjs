// Trains a prompt that routes messages of customers. Offline: the scripted model of this folder answers.
// With a real model: OPENAI_API_KEY=… MODEL=gpt-4.1-mini node examples/prompt-training/train.mjs (OPENAI_BASE_URL for others).
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import {
  chatCompletion,
  DataLoader,
  exactMatchEvaluator,
  limitModel,
  Module,
  openAIChatModel,
  Parameter,
  TextualGradientDescent,
  Trainer,
  Variable,
} from "trainyard/textgrad";
import { startScriptedModel } from "./scripted-model.mjs";

const { labels, train, test } = JSON.parse(readFileSync(new URL("messages.json", import.meta.url), "utf8"));

/** What the prompt is before anybody has criticised it. */
export const FIRST_PROMPT = `Route the message of a customer. Answer with one of: ${labels.join(", ")}.`;

class Router extends Module {
  prompt;
  #model;

  constructor(model, prompt) {
    super();
    this.#model = model;
    this.prompt = new Parameter(prompt, { role: "instructions for routing" });
  }

  async trainingStep([texts, expected]) {
    const message = new Variable(texts, { role: "message of a customer" });
    const chat = [
      { role: "system", content: [this.prompt] },
      { role: "user", content: [message] },
    ];
    const answer = await chatCompletion(this.#model, chat);
    const mean = (scores) => scores.reduce((sum, score) => sum + score, 0) / scores.length;
    return exactMatchEvaluator(answer, expected, { reductionFn: mean, reductionPurpose: "mean" });
  }
}

/**
 * Trains and returns the share of right answers on messages that training never saw, before and after, and the prompt. The server's page
 * starts it as well: with a model of its own in `lm`, and an observer that writes down what happens.
 */
export async function trainRouter({ print = console.log, env = process.env, lm = null, prompt = FIRST_PROMPT, observe, signal } = {}) {
  const scripted = lm !== null || env.OPENAI_API_KEY ? null : await startScriptedModel();
  const open = scripted === null ? { env } : { apiKey: "scripted", baseUrl: scripted.baseUrl };
  const model = lm ?? limitModel(openAIChatModel({ model: env.MODEL ?? "gpt-4.1-mini", ...open }), { concurrency: 8, budgetUsd: 1 });
  try {
    const router = new Router(model, prompt);
    const trainer = new Trainer({
      maxEpochs: 3,
      backward: { model },
      models: [model],
      observe,
      signal,
      // Only to watch: the messages of the test choose nothing.
      onCheckpoint: async ({ epoch }) => void (epoch < 3 && (await trainer.test(router, testSet))),
      log: (name, value, epoch) => print(`${epoch === null ? "test " : `epoch ${epoch}`}  ${name} ${value.toFixed(3)}`),
    });
    const testSet = new DataLoader(test, { batchSize: test.length });
    const before = await trainer.test(router, testSet);
    const optimizer = new TextualGradientDescent(router.parameters(), { model });
    await trainer.fit(router, optimizer, new DataLoader(train, { batchSize: 6, shuffle: true, seed: 1 }));
    const after = await trainer.test(router, testSet);
    print(
      `\n${before.test_loss.toFixed(2)} of the answers were right before, ${after.test_loss.toFixed(2)} are now. The prompt:\n\n${router.prompt.data}`,
    );
    return { before: before.test_loss, after: after.test_loss, prompt: router.prompt.data, requests: scripted?.requests ?? null };
  } finally {
    await scripted?.close();
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) await trainRouter();
