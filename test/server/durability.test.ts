import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { TestClient } from "../support/live-client.ts";
import { ScriptedRunner, sampleBytes, serve, temporaryFolder, testServer } from "../support/live-server.ts";

const children: ChildProcess[] = [];
afterAll(() => {
  for (const child of children) child.kill("SIGKILL");
});

interface Child {
  readonly port: number;
  readonly token: string;
  readonly process: ChildProcess;
}

/** Starts a real server process and waits until it listens, or says why it does not. */
async function startChild(dataDir: string): Promise<Child | { readonly stderr: string; readonly code: number }> {
  const script = fileURLToPath(new URL("../support/server-child.mjs", import.meta.url));
  const child = spawn(process.execPath, [script, dataDir, "secret"], { stdio: ["ignore", "pipe", "pipe"] });
  children.push(child);
  let stderr = "";
  child.stderr.on("data", (piece: Buffer) => (stderr += piece.toString()));
  const port = once(child.stdout, "data").then(([line]) => Number(String(line).trim()));
  const ended = once(child, "close").then(([code]) => ({ stderr, code: code as number }));
  const first = await Promise.race([port, ended]);
  return typeof first === "number" ? { port: first, token: "secret", process: child } : first;
}

async function startServer(dataDir: string): Promise<Child> {
  const child = await startChild(dataDir);
  if (!("port" in child)) throw new Error(child.stderr);
  return child;
}

async function killed(child: Child): Promise<void> {
  child.process.kill("SIGKILL");
  await once(child.process, "close");
}

describe("kill -9", () => {
  test("in the middle of a job: session, data, upload, log and finished result are there; the cut-off job is interrupted, the queued one runs", async () => {
    const dataDir = temporaryFolder();
    const first = await startServer(dataDir);
    const client = await TestClient.attached(first, "survivor");
    const { data_handle } = await client.result("data.upload", { name: "iris", format: "csv" }, sampleBytes("iris"));
    const train = (nrounds: number, more: object = {}) =>
      client.result("train", { data_handle, algorithm: "LightGBM", hyperparameters: { nrounds }, seed: 3, ...more });
    const done = await train(5);
    await client.event("job.complete");
    const report = await client.result("job.result", { job_id: done.job_id, slice: "report" });
    const cut = await train(100_000, { outer_resampling_config: { type: "KFold", n_resamples: 10 } });
    const waiting = await train(6);
    expect(waiting.status).toBe("queued");
    const { upload_id } = await client.result("data.upload.begin", { name: "later", format: "csv", total_bytes: 12, n_chunks: 2 });
    await client.result("data.upload.chunk", { upload_id, chunk_index: 2 }, Buffer.from("1,2\n3,4\n"));
    await client.event("job.points", (data) => data.job_id === cut.job_id);
    const before = await client.result("session.info");
    await killed(first);
    const seen = client.seqs.at(-1)!;

    const second = await startServer(dataDir);
    const back = await TestClient.authenticated(second);
    const snapshot = await back.result("session.join", { name: "survivor", since: seen });
    expect(snapshot).toMatchObject({ session_id: before.session_id, created: before.created, data: before.data });
    expect(back.seqs).toEqual(Array.from({ length: back.seqs.length }, (_, i) => seen + 1 + i));
    const { data } = await back.event("job.interrupted");
    expect(data).toMatchObject({
      job_id: cut.job_id,
      error: { code: "interrupted", message: expect.stringContaining("stopped") },
      summary: { status: "interrupted" },
    });
    expect(await back.result("job.result", { job_id: done.job_id, slice: "report" })).toEqual(report);
    expect(await back.result("job.status", { job_id: cut.job_id })).toMatchObject({
      status: "interrupted",
      completed_at: expect.any(String),
    });
    await back.event("job.complete", (event) => event.job_id === waiting.job_id);
    await back.result("data.upload.chunk", { upload_id, chunk_index: 1 }, Buffer.from("a,b\n"));
    expect(await back.result("data.upload.end", { upload_id })).toMatchObject({ name: "later", rows: 2, cols: 2 });
    expect((await back.result("job.history", { job_id: cut.job_id })).series.length).toBeGreaterThan(0);
    await back.close();
    await killed(second);
  });

  test("what a crash left half made is removed at the next start", async () => {
    const dataDir = temporaryFolder();
    for (const orphan of ["data/data-0000000000000000", "jobs/job-0000000000000000", "uploads/upload-0000000000000000"]) {
      mkdirSync(join(dataDir, orphan), { recursive: true });
    }
    await testServer({ dataDir });
    for (const kind of ["data", "jobs", "uploads"]) await expect.poll(() => readdirSync(join(dataDir, kind))).toEqual([]);
  });
});

describe("one owner per folder", () => {
  test("a second server on the same folder says who has it and exits; after kill -9 the folder is free at once", async () => {
    const dataDir = temporaryFolder();
    const first = await startServer(dataDir);
    const refused = await startChild(dataDir);
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining("data_folder_busy") });
    expect((refused as { stderr: string }).stderr).toContain(`process ${first.process.pid} at http://127.0.0.1:${first.port}/`);
    await killed(first);
    const next = await startServer(dataDir);
    await (await TestClient.authenticated(next)).close();
    await killed(next);
  });

  test("in one process too; a closed server lets go, and closing twice is fine", async () => {
    const dataDir = temporaryFolder();
    const server = await serve({ port: 0, dataDir, verbosity: 0 });
    await expect(serve({ port: 0, dataDir, verbosity: 0 })).rejects.toMatchObject({ code: "data_folder_busy" });
    await Promise.all([server.close(), server.close()]);
    await (await serve({ port: 0, dataDir, verbosity: 0 })).close();
  });

  test("a taken port is a clear error and lets go of the folder", async () => {
    const dataDir = temporaryFolder();
    const port = await freePort();
    const holder = createServer().listen(port, "127.0.0.1");
    await once(holder, "listening");
    const refused = serve({ port, dataDir, verbosity: 0 });
    await expect(refused).rejects.toMatchObject({ code: "unavailable", message: expect.stringContaining(String(port)) });
    holder.close();
    await (await serve({ port: 0, dataDir, verbosity: 0 })).close();
  });
});

test("closing interrupts what runs, says goodbye with 1001, and lets the process end", async () => {
  const dataDir = temporaryFolder();
  const script = new ScriptedRunner();
  const server = await serve({ port: 0, dataDir, verbosity: 0, parts: { runner: script.runner } });
  const client = await TestClient.attached(server, "bye");
  const { data_handle } = await client.result("data.upload", { name: "iris", format: "csv" }, sampleBytes("iris"));
  const { job_id } = await client.result("train", { data_handle, algorithm: "LightGBM" });
  await script.run(1);
  await server.close();
  expect(await client.closed).toMatchObject({ code: 1001 });
  const again = await testServer({ dataDir });
  const back = await TestClient.attached(again, "bye");
  expect(await back.result("job.status", { job_id })).toMatchObject({ status: "interrupted", error: { code: "interrupted" } });
  await back.close();
});

/** A free port in the range that may be asked for; those the system picks itself may lie above it. */
async function freePort(): Promise<number> {
  for (let port = 20_000; ; port++) {
    const probe = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      probe.once("error", () => resolve(false));
      probe.listen(port, "127.0.0.1", () => resolve(true));
    });
    await new Promise((resolve) => probe.close(resolve));
    if (isFree) return port;
  }
}
