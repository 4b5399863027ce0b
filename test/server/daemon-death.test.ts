import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect, onTestFinished, test } from "vitest";
import { scratchFolder, startServer } from "../support/cli.ts";
import { TestClient } from "../support/live-client.ts";

/** Processes that the server has started and that live. */
function daemonsOf(pid: number): number[] {
  const listed = execFileSync("ps", ["-A", "-o", "pid=,ppid="], { encoding: "utf8" });
  const pairs = listed
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/\s+/).map(Number));
  return pairs.filter(([, parent]) => parent === pid).map(([child = 0]) => child);
}

/** Time on the processor in 1/100 s. */
function ticksOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const [user, system] = stat
      .slice(stat.lastIndexOf(")") + 2)
      .split(" ")
      .slice(11, 13)
      .map(Number);
    return (user ?? 0) + (system ?? 0);
  } catch {
    return 0; // it is gone
  }
}

/** Kills the daemon that works. */
async function killBusyDaemon(serverPid: number): Promise<void> {
  const before = new Map<number, number>();
  let busy: number | undefined;
  const find = (): boolean => {
    const pids = daemonsOf(serverPid);
    for (const pid of pids) if (!before.has(pid)) before.set(pid, ticksOf(pid));
    // More work than a daemon does that only starts.
    busy = pids.find((pid) => ticksOf(pid) - (before.get(pid) ?? 0) > 150);
    return busy !== undefined;
  };
  await expect.poll(find, { timeout: 60_000 }).toBe(true);
  process.kill(busy ?? 0, "SIGKILL");
}

test.skipIf(process.platform !== "linux")(
  "D-16: a daemon killed with -9 under a job is replaced and its fit runs again; killed again, the job fails and says why; the next job runs",
  async () => {
    const server = await startServer({ dataDir: scratchFolder(onTestFinished), args: ["--daemons", "1"] });
    onTestFinished(() => server.end());
    const serverPid = server.child.pid ?? 0;
    const client = await TestClient.attached({ port: Number(new URL(server.address).port), token: server.token }, "deaths");
    onTestFinished(() => client.socket.terminate());
    const { data_handle } = await client.result("data.open_sample", { name: "breast_cancer" });
    const { job_id } = await client.result("train", { data_handle, algorithm: "LightGBM", hyperparameters: { nrounds: 100_000 }, seed: 1 });
    const points = (): number => client.events.filter((event) => event.event === "job.points" && event.data.job_id === job_id).length;

    await expect.poll(points, { timeout: 60_000 }).toBeGreaterThan(1);
    await killBusyDaemon(serverPid);
    const before = points();
    await expect.poll(points, { timeout: 60_000 }).toBeGreaterThan(before + 2);
    expect(await client.result("job.status", { job_id })).toMatchObject({ status: "running", error: null });

    await killBusyDaemon(serverPid);
    await expect.poll(async () => (await client.result("job.status", { job_id })).status, { timeout: 60_000 }).toBe("failed");
    const { error } = await client.result("job.status", { job_id });
    expect(error.message).toMatch(/daemon .*SIGKILL/);

    const next = await client.result("train", { data_handle, algorithm: "CART", seed: 1 });
    await expect
      .poll(async () => (await client.result("job.status", { job_id: next.job_id })).status, { timeout: 60_000 })
      .toBe("complete");
  },
);

test("D-16: all daemons killed with -9 at once, also the one that stands by: fits that wait are not counted as dead, and the job finishes", async () => {
  const server = await startServer({ dataDir: scratchFolder(onTestFinished), args: ["--daemons", "2"] });
  onTestFinished(() => server.end());
  const serverPid = server.child.pid ?? 0;
  const client = await TestClient.attached({ port: Number(new URL(server.address).port), token: server.token }, "all-at-once");
  onTestFinished(() => client.socket.terminate());
  const { data_handle } = await client.result("data.open_sample", { name: "breast_cancer" });
  const { job_id } = await client.result("train", {
    data_handle,
    algorithm: "LightGBM",
    hyperparameters: { nrounds: 400 },
    outer_resampling_config: { type: "KFold", n_resamples: 4 },
    seed: 1,
  });
  await client.event("job.points", (data) => data.job_id === job_id);

  const killed = daemonsOf(serverPid);
  for (const pid of killed) process.kill(pid, "SIGKILL");

  await client.until(() => client.events.some(({ event }) => /^job\.(complete|failed)$/.test(event)));
  const { status, error } = await client.result("job.status", { job_id });
  expect([status, error]).toEqual(["complete", null]);
  expect(killed.length).toBeGreaterThanOrEqual(2);
  const report = await client.result("job.result", { job_id, slice: "report" });
  expect(report.folds.map((fold: { error: unknown }) => fold.error)).toEqual(Array(4).fill(null));
});
