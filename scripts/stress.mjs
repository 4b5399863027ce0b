// npm run stress [-- --seed N]: runs stress/*.mjs in sequence, each with the seed. The seed is printed, so that a failure can be repeated.
import { randomInt } from "node:crypto";
import { fileURLToPath } from "node:url";
import { programsIn, runPrograms } from "./programs.mjs";

process.chdir(fileURLToPath(new URL("..", import.meta.url)));
const given = process.argv.slice(2);
const at = given.indexOf("--seed");
const seed = at < 0 ? randomInt(2 ** 31) : Number(given[at + 1]);
if (!Number.isSafeInteger(seed) || seed < 0) {
  console.error(`--seed needs a whole number of at least 0, got ${given[at + 1]}`);
  process.exit(2);
}
const rest = at < 0 ? given : given.filter((_, i) => i !== at && i !== at + 1);
const programs = programsIn("stress");
if (programs.length === 0) {
  console.log("there are no stress programs yet");
  process.exit(0);
}
console.log(`seed ${seed}; repeat with: npm run stress -- --seed ${seed}`);
const failed = await runPrograms(programs, ["--seed", String(seed), ...rest]);
process.exit(failed === 0 ? 0 : 1);
