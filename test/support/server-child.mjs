// A server in a process of its own, for tests that kill it. Arguments: data folder, token. Prints its port, then serves.
import { serve } from "../../dist/server/serve.js";

const [, , dataDir, token] = process.argv;
try {
  const server = await serve({ port: 0, dataDir, token, verbosity: 0, daemons: 1, maxConcurrent: 1, heartbeatMs: 0 });
  process.stdout.write(`${server.port}\n`);
} catch (error) {
  process.stderr.write(`${error.code}: ${error.message}\n`);
  process.exitCode = 2;
}
