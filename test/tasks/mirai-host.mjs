// A host for survival.test.ts: sets daemons as its argument says and brings one into a state; prints its pid then. It waits to be killed.
import { daemons, mirai, status } from "../../dist/tasks/index.js";

const [autoExit, file, state = "running"] = process.argv.slice(2);
const print = () => console.log(status().daemons[0].pid);
const started = daemons(1, { autoExit, cleanup: false });
setInterval(() => {}, 1000);

/** Blocks until the host is gone, where it may finish; then writes its line. */
const blocking = ({ path, mayFinish }, task) => {
  const host = process.ppid;
  task.note("begun");
  while (!mayFinish || process.ppid === host);
  console.log("a broken pipe must not end it");
  process.getBuiltinModule("node:fs").appendFileSync(path, "finished");
};

/** Writes its line at once. */
const short = ({ path }) => process.getBuiltinModule("node:fs").appendFileSync(path, "short,");

if (state === "starting") {
  print();
} else if (state === "idle") {
  await mirai(() => 1);
  print();
} else if (state === "receiving") {
  await started;
  mirai((values) => values.length, new Float64Array(20_000_000));
  setImmediate(print);
} else if (state === "sending") {
  await started;
  const handle = mirai((_, task) => {
    task.note("begun");
    return new Float64Array(20_000_000);
  });
  for await (const _ of handle.notes()) print();
} else if (state === "running") {
  await started;
  const handle = mirai(blocking, { path: file, mayFinish: autoExit === "finish" });
  for await (const _ of handle.notes()) print();
} else if (state === "running, with others behind it") {
  await started;
  const either = ({ isLong, parts, ...given }, task) => new Function(`return ${parts[isLong ? 0 : 1]}`)()(given, task);
  const parts = [String(blocking), String(short)];
  const mayFinish = autoExit === "finish";
  const handles = Array.from({ length: 60 }, (_, i) => mirai(either, { path: file, mayFinish, isLong: i === 30, parts }));
  for await (const _ of handles[30].notes()) print();
}
