// A host for netns.test.ts, inside a network namespace of its own. Says each thing that happens as a line of JSON, and does what it reads.
import { createInterface } from "node:readline";
import { daemons, info, mirai } from "../../dist/tasks/index.js";

const say = (event, more = {}) => console.log(JSON.stringify({ event, ...more }));
const set = await daemons({ url: process.argv[2], allowPlaintext: process.argv[3] === "plain", heartbeatMs: 200, patienceMs: 6000 });
say("listening", { url: set.url, token: set.token });

const settled = new Map();
function submit(name, retries) {
  const task = async (ms, context) => {
    context.note("in");
    await new Promise((resolve) => setTimeout(resolve, ms));
    return "done";
  };
  const handle = mirai(task, name.startsWith("long") ? 3_600_000 : 1, { retries, onNote: () => say("began", { name }) });
  handle.settled().then((outcome) => {
    settled.set(name, (settled.get(name) ?? 0) + 1);
    say("settled", { name, times: settled.get(name), value: outcome.ok ? outcome.value : outcome.error.errorValue });
  });
}

for await (const line of createInterface({ input: process.stdin })) {
  const { command, name, retries = 0, least } = JSON.parse(line);
  if (command === "submit") submit(name, retries);
  else if (command === "connected") set.connected(least).then(() => say("connected", { least, info: info() }));
  else if (command === "info") say("info", { info: info() });
  else if (command === "reset") break;
}
await set.reset();
say("reset");
process.exit(0);
