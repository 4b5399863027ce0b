import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, onTestFinished, test } from "vitest";
import { isAlive, until } from "./processes.ts";

interface Report {
  readonly outcomes: Readonly<Record<string, string>>;
  readonly wrong: readonly unknown[];
  readonly open: number;
  readonly settledTwice: number;
  readonly counted: number;
  readonly ran: number;
  readonly distinct: number;
  readonly pids: readonly number[];
}

/** A folder's file that is gone after the test. */
function testFile(): string {
  const folder = mkdtempSync(join(tmpdir(), "trainyard-faults-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return join(folder, "ran.txt");
}

test.each(["processes", "finishing", "threads"])(
  "M-68, M-86, M-87: tasks that do harm, among tasks that count, on %s: each handle settles once, each task that counts runs once, nothing is left",
  async (kind) => {
    const host = spawn(process.execPath, [new URL("./faults-host.mjs", import.meta.url).pathname, kind, testFile()], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    onTestFinished(() => void host.kill("SIGKILL"));
    const [printed, [exitCode]] = await Promise.all([text(host.stdout), once(host, "exit")]);
    expect(exitCode).toBe(0); // by itself: no socket and no timer keeps it
    const report = JSON.parse(printed) as Report;
    expect(Object.entries(report.outcomes).filter(([, outcome]) => outcome !== "as it must")).toEqual([]);
    expect(Object.keys(report.outcomes).length).toBe(kind === "threads" ? 13 : 14);
    expect(report.wrong).toEqual([]);
    expect(report).toMatchObject({ open: 0, settledTwice: 0, ran: report.counted, distinct: report.counted });
    expect(report.pids.length).toBeGreaterThan(kind === "threads" ? -1 : 1);
    for (const pid of report.pids) await until(`process ${pid} is gone`, () => !isAlive(pid));
  },
  180_000,
);
