// npm run check: types (tsc) and style (biome). Changes nothing; `npx biome check --write` repairs style.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { globSync } from "./glob.mjs";

process.chdir(fileURLToPath(new URL("..", import.meta.url)));

const steps = [
  ["types", bin("tsc"), ["-p", "tsconfig.json"]],
  ["style", bin("biome"), ["check", "--error-on-warnings", "--max-diagnostics=50"]],
];
// Type-checking needs the generated kernels, which a build leaves behind.
const kernels = globSync("src/engine", (path) => path.endsWith("assembly/index.ts")).map((entry) =>
  join(entry, "../../kernel.generated.ts"),
);
if (!kernels.every(existsSync)) steps.unshift(["kernels", process.execPath, ["scripts/build.mjs", "--only-kernels"]]);

const failed = steps.filter(([name, command, parameters]) => {
  console.log(`check: ${name}`);
  return spawnSync(command, parameters, { stdio: "inherit", shell: process.platform === "win32" }).status !== 0;
});
console.log(failed.length === 0 ? "check: all is well" : `check: failed in ${failed.map(([name]) => name).join(", ")}`);
process.exit(failed.length === 0 ? 0 : 1);

function bin(name) {
  return join("node_modules", ".bin", name);
}
