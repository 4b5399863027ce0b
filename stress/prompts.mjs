// Backward passes and steps of prompt training, cut in their middle: the network, the server (kill -9) or the client goes. Limits: nothing
// hangs longer than 30 s; a call that is lost says so with a typed error; a resumed session holds the same variables on both sides.
import { WebSocket } from "ws";
import { TellurioClient } from "../dist/client/index.js";
import { startScriptedModel } from "../examples/prompt-training/scripted-model.mjs";
import { fail, isSmoke, scratch, seed, seeded, startServer } from "./_parts.mjs";

const rounds = isSmoke ? 4 : 150;
const HANG_MS = 30_000;
const random = seeded(seed);
const folder = scratch();
const model = await startScriptedModel({ reply: answer });
const counts = { network: 0, server: 0, client: 0, untouched: 0 };
const started = performance.now();
/** The moment of each round at which something goes: when so many questions were asked. */
let cut = { after: Number.POSITIVE_INFINITY, run: () => {} };
let asked = 0;
let server = await startServer(folder);

for (let round = 1; round <= rounds && process.exitCode === undefined; round++) {
  const kind = ["network", "network", "server", "client"][round % 4];
  try {
    await within(HANG_MS, oneRound(kind));
  } catch (error) {
    fail(`round ${round} (${kind}), seed ${seed}: ${error.stack}`);
  }
}
await server.kill();
await model.close();
const seconds = ((performance.now() - started) / 1000).toFixed(0);
console.log(
  `prompts: ${rounds} rounds in ${seconds} s; cut while working: network ${counts.network}, server ${counts.server}, client ${counts.client} (${counts.untouched} too late); nothing hung, both sides equal`,
);
process.exit();

async function answer(messages) {
  asked++;
  const pause = random.below(12);
  if (asked >= cut.after) {
    cut.after = Number.POSITIVE_INFINITY;
    cut.run();
  }
  await new Promise((resolve) => setTimeout(resolve, pause));
  const user = messages.at(-1).content;
  return user.includes("<VALUE>") ? `<NEW_VALUE>text ${asked}</NEW_VALUE>` : `answer ${asked}`;
}

async function oneRound(kind) {
  if (!server.isAlive) server = await startServer(folder);
  const sockets = [];
  class Socket extends WebSocket {
    constructor(url, protocols) {
      super(url, protocols);
      sockets.push(this);
    }
  }
  const client = new TellurioClient(`ws://127.0.0.1:${server.port}/ws/v0/rpc/`, { WebSocket: Socket, runUuid: "stress", resumeForMs: 3000, resume: kind !== "client" });
  await client.connect(server.token);
  const lm = await client.model({ apiKey: "sk-stress", baseUrl: model.baseUrl, shareKey: true, maxRetries: 0 });
  await client.setBackwardModel(lm, "openai/m");
  const prompts = await client.variables(Array.from({ length: 3 }, (_, i) => [`prompt ${i}`, { role: `prompt ${i}`, isParameter: true }]));
  const optimizer = await client.optimizer(prompts, { model: lm, args: { model: "m" }, momentum: 2 });
  const isInTime = { value: false };
  asked = 0;
  cut = { after: 1 + random.below(12), run: () => (isInTime.value = true) && strike(kind, sockets) };
  try {
    await train(client, lm, prompts, optimizer);
    if (kind === "server" && isInTime.value) throw new Error("the server was killed, and the client noticed nothing");
  } catch (error) {
    if (kind === "network" || error.name !== "LinkLostError") throw error;
  }
  counts[isInTime.value ? kind : "untouched"]++;
  cut.after = Number.POSITIVE_INFINITY;
  if (kind !== "server" && kind !== "client" && !(await client.isInStep())) throw new Error("the two sides differ");
  client.close();
}

/** Two questions forward, then criticism of both, then three rewritten texts. */
async function train(client, lm, prompts, optimizer) {
  for (let step = 0; step < 2; step++) {
    const answers = [];
    for (const prompt of prompts) answers.push(await client.chat(lm, [{ role: "user", content: [prompt] }], {}, { model: "m" }));
    const [all] = await client.run("Sum", [answers]);
    await client.backward(all);
    for (const prompt of prompts) {
      const gradients = await prompt.readGrad();
      if (gradients.length !== step + 1) throw new Error(`"${prompt.role}" has ${gradients.length} gradients after ${step + 1} passes`);
    }
    await optimizer.step();
    for (const prompt of prompts) await prompt.readData();
  }
}

function strike(kind, sockets) {
  if (kind === "server") void server.kill();
  else sockets.at(-1).terminate();
}

function within(ms, work) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`hung for ${ms / 1000} s`)), ms);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
