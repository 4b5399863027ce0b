// A trainer of its own: logs a row every 20 ms until its standard input ends, then finishes its run. Arguments: url, token, queue folder.
import { init } from "../../dist/log/index.js";

const [url, token, queueDir] = process.argv.slice(2);
const run = init({ name: "from a trainer", url, token, queueDir, config: { lr: 0.1 } });
let step = 0;
const timer = setInterval(() => {
  step++;
  // Eighths are the same number in every float format.
  run.log({ loss: (step % 64) / 8, "val/accuracy": step / 8 }, { step });
}, 20);
process.stdin.resume();
process.stdin.on("end", async () => {
  clearInterval(timer);
  await run.finish();
  process.exit(0);
});
