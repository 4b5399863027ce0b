// Prompt training: our own time in a backward pass, sessions one after the other, memory of many. `--smoke`: small sizes, no limits.
// The models answer at once, so what is measured is ours. Plain floors in the same run: an empty ws server for connections, and the bytes
// of the texts themselves for memory.
import { fork } from "node:child_process";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { WebSocket, WebSocketServer } from "ws";
import { add, backward, chatCompletion, Parameter, sum, Variable } from "../dist/textgrad/index.js";

const isSmoke = process.argv.includes("--smoke");
const sizes = isSmoke
  ? { nodes: 50, rounds: 2, connections: 20, sessions: 2, variables: 100 }
  : { nodes: 500, rounds: 20, connections: 1000, sessions: 50, variables: 2000 };
const LIMITS = { backwardMs: 200, megabytes: 500 };
const KEY = "bench-key";
let isMissed = false;

function show(name, text, isOver = false) {
  console.log(`${name.padEnd(34)} ${text}${isOver ? "  LIMIT MISSED" : ""}`);
  isMissed ||= isOver && !isSmoke;
}

await benchBackward();
await benchConnections();
await benchMemory();
process.exit(isMissed ? 1 : 0);

/** Half of the nodes ask a model that answers at once; all lead to one result. */
async function benchBackward() {
  const usage = { promptTokens: 0, completionTokens: 0, totalTokens: 0, cachedTokens: 0, costUsd: 0 };
  const model = { name: "instant", usage, clearUsage() {}, complete: async () => ({ text: "criticism", usage }) };
  const took = [];
  for (let round = 0; round < sizes.rounds; round++) {
    const prompt = new Parameter("p", { role: "prompt" });
    const answers = [];
    for (let i = 0; i < sizes.nodes / 2; i++) {
      const answer = await chatCompletion(model, [{ role: "user", content: [prompt] }]);
      answers.push(add(answer, new Variable("x", { role: "x" })));
    }
    const result = sum(answers);
    const started = performance.now();
    await backward(result, { model });
    took.push(performance.now() - started);
    if (prompt.grad.length !== sizes.nodes / 2) throw new Error(`the prompt has ${prompt.grad.length} gradients`);
  }
  took.sort((a, b) => a - b);
  const median = took[Math.floor(took.length / 2)];
  show(
    `backward over ${sizes.nodes} nodes`,
    `median ${median.toFixed(1)} ms, slowest ${took.at(-1).toFixed(1)} ms (limit ${LIMITS.backwardMs} ms)`,
    median > LIMITS.backwardMs,
  );
}

/** Welcome and first call, one connection after the other; beside it the same number through an empty ws server. */
async function benchConnections() {
  const plain = createServer();
  new WebSocketServer({ server: plain, perMessageDeflate: false }).on("connection", (socket) => {
    socket.send("{}");
    socket.on("message", () => socket.send("{}"));
  });
  await new Promise((resolve) => plain.listen(0, "127.0.0.1", resolve));
  const floor = await connectOften(`ws://127.0.0.1:${plain.address().port}/`);
  plain.closeAllConnections();
  plain.close();
  const server = await startServer();
  const took = await connectOften(`ws://127.0.0.1:${server.port}/ws/v0/rpc/`);
  await server.end();
  const per = (ms) => `${(ms / sizes.connections).toFixed(2)} ms each`;
  show(
    `${sizes.connections} connections in a row`,
    `all welcomed and answered, ${per(took)} (empty ws server: ${per(floor)}, ratio ${(took / floor).toFixed(2)})`,
  );
}

async function connectOften(url) {
  const started = performance.now();
  for (let i = 0; i < sizes.connections; i++) {
    const socket = new WebSocket(url, { headers: { Authorization: `Api-Key ${KEY}` }, perMessageDeflate: false });
    await heard(socket);
    socket.send(JSON.stringify({ jsonrpc: "2.0", method: "checksum", params: { run_uuid: "bench" }, id: "1" }));
    await heard(socket);
    socket.close();
    await new Promise((resolve) => socket.once("close", resolve));
  }
  return performance.now() - started;
}

/** Growth of a server process of its own, after garbage collection, while the sessions are open. */
async function benchMemory() {
  const server = await startServer();
  const before = await server.memory();
  const data = "a sentence of a prompt that is long enough to count. ".repeat(4);
  const variables = Array.from({ length: sizes.variables }, (_, i) => ({ data: `${i} ${data}`, role: `role ${i}`, requires_grad: true }));
  const params = { run_uuid: "bench", variables };
  const sockets = [];
  for (let i = 0; i < sizes.sessions; i++) {
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}/ws/v0/rpc/`, { headers: { Authorization: `Api-Key ${KEY}` } });
    await heard(socket);
    socket.send(JSON.stringify({ jsonrpc: "2.0", method: "create_variables", params, id: "1" }));
    const { result } = JSON.parse(await heard(socket));
    if (result.variable_ids.length !== sizes.variables) throw new Error("variables are missing");
    sockets.push(socket);
  }
  const megabytes = ((await server.memory()) - before) / 2 ** 20;
  const texts = (sizes.sessions * variables.reduce((bytes, one) => bytes + one.data.length + one.role.length, 0)) / 2 ** 20;
  for (const socket of sockets) socket.terminate();
  await server.end();
  const name = `${sizes.sessions} sessions × ${sizes.variables} variables`;
  show(
    name,
    `${megabytes.toFixed(0)} MB in all (limit ${LIMITS.megabytes} MB; the texts alone ${texts.toFixed(0)} MB)`,
    megabytes > LIMITS.megabytes,
  );
}

function heard(socket) {
  return new Promise((resolve, reject) => {
    socket.once("message", (data) => resolve(String(data)));
    socket.once("error", reject);
  });
}

async function startServer() {
  const child = fork(fileURLToPath(new URL("./_textgrad-server.mjs", import.meta.url)), [KEY], { execArgv: ["--expose-gc"] });
  const told = () => new Promise((resolve) => child.once("message", resolve));
  const { port } = await told();
  return {
    port,
    memory: () => {
      const answer = told();
      child.send("memory");
      return answer;
    },
    // It removes its folder and ends.
    end: () => new Promise((resolve) => child.once("exit", resolve) && child.disconnect()),
  };
}
