// A host for death.test.ts: prints the pid of its daemon, then does what its argument says.
import { openProfile } from "../../dist/tasks/index.js";

const mode = process.argv[2];
const module = new URL("./jobs.mjs", import.meta.url).href;
const profile = openProfile({ daemons: 1, cancelGraceMs: 100 });
const submit = (name, args, options) => profile.submit({ module, export: name }, args, options);
const print = () => console.log(profile.status().daemons[0].pid);

if (mode === "spin") {
  submit("spin", {}, { onNote: print });
} else if (mode === "spin-first") {
  submit("spin", {}, { onStart: () => setTimeout(print, 300) });
} else if (mode === "idle") {
  await submit("echo", 0).result;
  print();
  setInterval(() => {}, 1000);
} else if (mode === "starting") {
  print();
  setInterval(() => {}, 1000);
} else if (mode === "close") {
  await submit("echo", 0).result;
  print();
  await profile.close();
} else if (mode === "close-busy") {
  const handle = submit("spin", {}, { onNote: () => print() || profile.close() });
  await handle.result.catch(() => {});
} else if (mode === "forget") {
  await submit("echo", 0).result;
  print();
}
