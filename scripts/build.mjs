// Builds everything into dist/: WebAssembly kernels, the Node code, the page. Run by `npm ci` (prepare) and `npm run build`.
// `--no-page` leaves the page out, `--only-kernels` stops after the kernels.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { globSync } from "./glob.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
process.chdir(root);
const flags = new Set(process.argv.slice(2));
const bin = (name) => join("node_modules", ".bin", name);
const run = (name, args) => execFileSync(bin(name), args, { stdio: "inherit", shell: process.platform === "win32" });

await buildKernels();
if (!flags.has("--only-kernels")) {
  run("tsc", ["-p", "tsconfig.build.json"]);
  if (!flags.has("--no-page") && existsSync("src/ui/index.html")) run("vite", ["build", "--logLevel", "warn"]);
}

/** Each src/engine/**\/assembly/index.ts becomes a kernel.generated.ts beside its folder: the module's bytes as base64. */
async function buildKernels() {
  for (const entry of globSync("src/engine", (path) => path.endsWith("assembly/index.ts"))) {
    const folder = dirname(dirname(entry));
    const wasm = join("dist", ".kernels", `${folder.replaceAll(/[\\/]/g, "-")}.wasm`);
    mkdirSync(dirname(wasm), { recursive: true });
    run("asc", [entry, "--outFile", wasm, "-O3", "--noAssert", "--runtime", "stub", "--enable", "simd", "--exportRuntime"]);
    const base64 = readFileSync(wasm).toString("base64");
    const text = `// Written by scripts/build.mjs from ${entry.replaceAll("\\", "/")}. Not in version control.\nexport const KERNEL_BASE64 =\n  "${base64}";\n`;
    const target = join(folder, "kernel.generated.ts");
    if (!existsSync(target) || readFileSync(target, "utf8") !== text) writeFileSync(target, text);
  }
}
