// Runs the programs of a folder one after the other: benchmarks and stress programs.
import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";

/** The programs of a folder by name. Files that begin with `_` are shared parts. */
export function programsIn(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith(".mjs") && !name.startsWith("_"))
    .sort()
    .map((name) => join(folder, name));
}

/** Runs them in sequence, showing their output; then prints a table. Resolves with the number that failed. */
export async function runPrograms(programs, parameters) {
  const rows = [];
  for (const program of programs) {
    console.log(`\n── ${program} ${parameters.join(" ")}`.trimEnd());
    const started = performance.now();
    const { ok, lastLine } = await runProgram(program, parameters);
    rows.push({ name: basename(program, ".mjs"), seconds: (performance.now() - started) / 1000, ok, lastLine });
  }
  const width = Math.max(4, ...rows.map((row) => row.name.length));
  console.log(`\n${"name".padEnd(width)}  seconds  status  last line`);
  for (const { name, seconds, ok, lastLine } of rows) {
    console.log(`${name.padEnd(width)}  ${seconds.toFixed(1).padStart(7)}  ${ok ? "ok    " : "FAILED"}  ${lastLine}`);
  }
  return rows.filter((row) => !row.ok).length;
}

function runProgram(program, parameters) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [program, ...parameters], { stdio: ["ignore", "pipe", "inherit"] });
    let lastLine = "";
    let rest = "";
    child.stdout.setEncoding("utf8").on("data", (text) => {
      process.stdout.write(text);
      const lines = (rest + text).split("\n");
      rest = lines.pop();
      lastLine =
        lines
          .filter((line) => line.trim() !== "")
          .at(-1)
          ?.trim() ?? lastLine;
    });
    child.on("error", (error) => resolve({ ok: false, lastLine: error.message }));
    child.on("close", (code) => resolve({ ok: code === 0, lastLine: rest.trim() || lastLine }));
  });
}
