// A host for survival.test.ts: sets daemons as its argument says, runs one task that blocks for a second and then writes a file; prints the daemon's pid.
import { daemons, mirai, status } from "../../dist/tasks/index.js";

const [autoExit, file] = process.argv.slice(2);
await daemons(1, { autoExit, cleanup: false });
const handle = mirai((path, task) => {
  task.note("begun");
  const end = performance.now() + 1000;
  while (performance.now() < end);
  console.log("a broken pipe must not end it");
  process.getBuiltinModule("node:fs").writeFileSync(path, "finished");
}, file);
for await (const _ of handle.notes()) console.log(status().daemons[0].pid);
