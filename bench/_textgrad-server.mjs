// A server of prompt training in a process of its own; tells its port, and its memory after a garbage collection when asked.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serve } from "../dist/server/serve.js";

const folder = mkdtempSync(join(tmpdir(), "trainyard-bench-"));
process.on("disconnect", () => {
  rmSync(folder, { recursive: true, force: true });
  process.exit();
});
const server = await serve({ port: 0, token: process.argv[2], dataDir: folder, verbosity: 0, daemons: 1 });
process.send({ port: server.port });
process.on("message", () => {
  global.gc();
  global.gc();
  process.send(process.memoryUsage().rss);
});
