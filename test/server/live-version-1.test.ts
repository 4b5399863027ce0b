import { tableFromArrays, tableFromIPC, tableToIPC } from "apache-arrow";
import { describe, expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { testServer } from "../support/live-server.ts";

// A page that knows version 1 of the protocol and nothing else: it names no addition, and looks at no field but those of version 1.

// biome-ignore lint/suspicious/noExplicitAny: what comes over the wire is what the assertions are about
type Json = any;

/** Frames cut by hand: 4 bytes big-endian header length, JSON, payload. */
class OldPage {
  readonly socket: WebSocket;
  readonly replies: { readonly header: Json; readonly payload: Buffer | null; readonly bytes: Buffer }[] = [];
  readonly events: Json[] = [];
  #wake: () => void = () => {};
  #id = 0;

  /** Version 1 says hello first, on every link. */
  static async open(port: number): Promise<OldPage> {
    const page = new OldPage(port);
    await page.event("ready");
    return page;
  }

  constructor(port: number) {
    this.socket = new WebSocket(`ws://127.0.0.1:${port}/`, { origin: "https://live.rtemis.org" });
    onTestFinished(() => this.socket.terminate());
    this.socket.on("message", (bytes: Buffer, isBinary: boolean) => {
      expect(isBinary).toBe(true);
      const length = bytes.readInt32BE(0);
      const header = JSON.parse(bytes.toString("utf8", 4, 4 + length));
      const payload = header.payload === undefined ? null : bytes.subarray(4 + length);
      if (header.event !== undefined) this.events.push(header);
      else this.replies.push({ header, payload, bytes });
      this.#wake();
    });
  }

  /** Waits until `find` finds something. */
  async until<Found>(find: () => Found | undefined): Promise<Found> {
    for (;;) {
      const found = find();
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async call(method: string, params?: object, payload?: Uint8Array): Promise<{ result: Json; payload: Buffer | null }> {
    const id = String(++this.#id);
    const json = Buffer.from(
      JSON.stringify({
        v: 1,
        id,
        method,
        ...(params === undefined ? {} : { params }),
        ...(payload === undefined ? {} : { payload: { format: "arrow-ipc", bytes: payload.length } }),
      }),
    );
    const prefix = Buffer.alloc(4);
    prefix.writeInt32BE(json.length);
    this.socket.send(Buffer.concat([prefix, json, ...(payload === undefined ? [] : [payload])]));
    const reply = await this.until(() => this.replies.find(({ header }) => header.id === id));
    if (reply.header.ok !== true) throw new Error(`${method}: ${reply.header.error.code}: ${reply.header.error.message}`);
    return { result: reply.header.result, payload: reply.payload };
  }

  event(name: string, isIt: (data: Json) => boolean = () => true): Promise<Json> {
    return this.until(() => this.events.find(({ event, data }) => event === name && isIt(data)));
  }

  /** A table reply: pointer and payload say the same. */
  async table(job_id: string, slice: string): Promise<Record<string, unknown[]>> {
    const { result, payload } = await this.call("job.result", { job_id, slice });
    if (payload === null) {
      expect(result).toMatchObject({ rows: 0, cols: 0, columns: [], format: "arrow-ipc" });
      return {};
    }
    const table = tableFromIPC(payload);
    const names = table.schema.fields.map(({ name }) => name);
    expect(result).toMatchObject({ rows: table.numRows, cols: names.length, columns: names, format: "arrow-ipc" });
    return Object.fromEntries(names.map((name) => [name, [...(table.getChild(name) ?? [])]]));
  }
}

/** 60 rows: two numbers, a category, and whether it is a or b, in the last column. */
function arrowStream(): Uint8Array {
  const rows = Array.from({ length: 60 }, (_, i) => i);
  const columns = {
    width: Float64Array.from(rows, (i) => i / 7 + (i % 2)),
    height: Float64Array.from(rows, (i) => (i * 37) % 11),
    color: rows.map((i) => ["red", "green", "blue"][i % 3] as string),
    grade: rows.map((i) => (i % 2 === 0 ? "a" : "b")),
  };
  return tableToIPC(tableFromArrays(columns), "stream");
}

const SUMMARY_KEYS = [
  "job_id",
  "type",
  "status",
  "submitted_at",
  "started_at",
  "completed_at",
  "stage",
  "fraction",
  "last_message",
  "error",
];

describe("a page that speaks version 1 only", () => {
  test("from hello to results: a table in chunks, a resampled training with a search, every slice, a second tab, a goodbye", async () => {
    const server = await testServer();
    const page = await OldPage.open(server.port);
    expect((await page.event("ready")).data).toMatchObject({
      v: 1,
      server: "rtemislive",
      kind_colors: { train: expect.stringMatching(/^#/) },
    });
    const { result: hello } = await page.call("auth", { token: server.token });
    expect(hello.connection_id).toMatch(/^conn-[0-9a-f]{16}$/);
    expect((await page.call("ping")).result.ts).toMatch(/^\d{4}-/);
    const { algorithms } = (await page.call("algorithms")).result;
    expect(algorithms.map((entry: Json) => entry.name)).toEqual(expect.arrayContaining(["GLM", "LightRF", "CART"]));
    const { hyperparameters } = (await page.call("algorithm.describe", { name: "CART" })).result;
    for (const entry of hyperparameters)
      expect(entry).toMatchObject({ name: expect.any(String), type: expect.any(String), tunable: expect.any(Boolean) });
    expect((await page.call("resampler.describe")).result.parameters.length).toBeGreaterThan(5);

    const { result: snapshot } = await page.call("session.create", { name: "wine-01" });
    expect(snapshot).toMatchObject({ name: "wine-01", n_connections: 1, jobs: [], data: [] });

    const bytes = arrowStream();
    const half = Math.ceil(bytes.length / 2);
    const { upload_id } = (await page.call("data.upload.begin", { name: "wine", total_bytes: bytes.length, n_chunks: 2 })).result;
    await page.call("data.upload.chunk", { upload_id, chunk_index: 2 }, bytes.subarray(half));
    const counted = await page.call("data.upload.chunk", { upload_id, chunk_index: 1 }, bytes.subarray(0, half));
    expect(counted.result).toEqual({ received_count: 2, received_bytes: bytes.length, total_bytes: bytes.length });
    const { result: handle } = await page.call("data.upload.end", { upload_id });
    expect(handle).toMatchObject({ data_handle: expect.stringMatching(/^data-/), name: "wine", rows: 60, cols: 4 });
    const described = (await page.call("data.describe", { data_handle: handle.data_handle })).result;
    expect(described.columns.map(({ type }: Json) => type)).toEqual(["double", "double", "factor", "factor"]);

    const second = await OldPage.open(server.port);
    await second.call("auth", { token: server.token });
    await second.call("session.join", { name: "wine-01" });

    const { result: submitted } = await page.call("train", {
      $schema: "https://schema.rtemis.org/supervised/v1/input.json",
      data_handle: handle.data_handle,
      algorithm: "CART",
      hyperparameters: { maxdepth: { candidates: [1, 3] } },
      tuner_config: { type: "GridSearch", config: { resampler_config: { type: "KFold", n_resamples: 2 } } },
      outer_resampling_config: { type: "KFold", n_resamples: 3, seed: 11 },
      execution_config: { backend: "none" },
      question: "which are grade a?",
      verbosity: 1,
    });
    expect(submitted).toMatchObject({ job_id: expect.stringMatching(/^job-/), status: "running" });
    const { job_id } = submitted;
    const done = await page.event("job.complete", (data) => data.job_id === job_id);
    expect(Object.keys(done.data.summary)).toEqual(expect.arrayContaining(SUMMARY_KEYS));
    expect(await second.event("job.complete", (data) => data.job_id === job_id)).toEqual(done);
    const progress = page.events.filter(({ event }) => event === "job.progress").map(({ data }) => data);
    expect(progress.some(({ kind, fraction }) => kind === "outer_resampling" && fraction > 0)).toBe(true);
    for (const data of progress)
      expect(data).toMatchObject({ job_id, message: expect.any(String), ts: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:/) });

    const { result: summary } = await page.call("job.result", { job_id });
    expect(summary).toMatchObject({ ".class": "ClassificationRes", algorithm: "CART", question: "which are grade a?", n_resamples: 3 });
    expect(Object.keys((await page.call("job.result", { job_id, slice: "metrics" })).result)).toContain("training");
    expect((await page.call("job.result", { job_id, slice: "record" })).result).toMatchObject({
      $schema: "https://schema.rtemis.org/supervised/v1/record.json",
      outdir: null,
    });
    expect((await page.call("job.result", { job_id, slice: "raw" })).result).toMatchObject({ ".class": "ClassificationRes" });
    const predictions = await page.table(job_id, "predictions");
    expect(Object.keys(predictions)).toEqual(expect.arrayContaining(["split", "fold", "actual", "predicted"]));
    expect(Object.keys(await page.table(job_id, "roc"))).toEqual(["split", "class", "fold", "fpr", "tpr", "auc"]);
    expect(Object.keys(await page.table(job_id, "varimp")).slice(0, 2)).toEqual(["variable", "fold"]);
    expect(Object.keys(await page.table(job_id, "session"))).toEqual(["label", "start", "end", "kind", "status", "failed", "tip"]);

    second.socket.close();
    expect((await page.event("session.connection_left")).data).toMatchObject({ n_connections: 1 });
    expect((await page.call("job.delete", { job_id })).result).toEqual({ deleted: true });
    expect((await page.call("data.delete", { data_handle: handle.data_handle })).result).toEqual({ deleted: true });
    expect((await page.call("session.detach")).result).toEqual({ detached: true });
  });

  test("a decomposition and a clustering, and what it missed while it was away", async () => {
    const server = await testServer();
    const page = await OldPage.open(server.port);
    await page.call("auth", { token: server.token });
    const { session_id } = (await page.call("session.create")).result;
    const { data_handle } = (await page.call("data.upload", { name: "wine" }, arrowStream())).result;
    const features = ["width", "height"];
    const pca = (await page.call("decomp", { data_handle, algorithm: "PCA", hyperparameters: { k: 2 }, features })).result;
    await page.event("job.complete", (data) => data.job_id === pca.job_id);
    expect(Object.keys(await page.table(pca.job_id, "transformed"))).toEqual(["PC1", "PC2"]);
    expect((await page.table(pca.job_id, "loadings")).variable).toEqual(features);
    const kmeans = (await page.call("cluster", { data_handle, algorithm: "KMeans", config: { k: 2 }, features })).result;
    page.socket.close();

    const back = await OldPage.open(server.port);
    await back.call("auth", { token: server.token });
    await back.call("session.join", { session_id });
    await back.event("job.complete", (data) => data.job_id === kmeans.job_id);
    expect(back.events.filter(({ event, data }) => event === "job.complete" && data.job_id === pca.job_id)).toEqual([]);
    expect(Object.keys(await back.table(kmeans.job_id, "assignments"))).toEqual(["cluster"]);
    expect((await back.call("job.list")).result.jobs).toHaveLength(2);
    expect((await back.call("session.delete")).result).toEqual({ deleted: true, session_id });
  });
});

describe("frames, byte by byte over the socket", () => {
  async function greeted(): Promise<OldPage> {
    const server = await testServer();
    const page = await OldPage.open(server.port);
    await page.call("auth", { token: server.token });
    return page;
  }
  const frame = (header: object, payload = Buffer.alloc(0)): Buffer => {
    const json = Buffer.from(JSON.stringify(header));
    return Buffer.concat([Buffer.from([0, 0, json.length >> 8, json.length & 255]), json, payload]);
  };

  test("R-1, R-4, R-6: a reply is 4 + H bytes with v 1; nested params survive; a request may say any v", async () => {
    const page = await greeted();
    page.socket.send(frame({ v: 7, id: { deep: [1, { er: null }] }, method: "ping" }));
    const { header, bytes } = await page.until(() => page.replies.find((reply) => typeof reply.header.id === "object"));
    expect(header).toMatchObject({ v: 1, id: { deep: [1, { er: null }] }, ok: true });
    expect(bytes.length).toBe(4 + bytes.readUInt32BE(0));
  });

  test("R-2: what is no object is no header", async () => {
    const page = await greeted();
    for (const header of ["text", 7, [1, 2], null]) page.socket.send(frame(header as never));
    await page.until(() => (page.replies.length >= 5 ? true : undefined));
    for (const { header } of page.replies.slice(1))
      expect(header).toMatchObject({ id: null, ok: false, error: { code: "malformed_frame" } });
  });

  test("R-3, R-7: payloads follow the header at once and round-trip, in both directions, the empty one too", async () => {
    const page = await greeted();
    await page.call("session.create");
    const sent = arrowStream();
    const { data_handle } = (await page.call("data.upload", { name: "t" }, sent)).result;
    await expect(page.call("data.upload", { name: "t" }, new Uint8Array(0))).rejects.toThrow("invalid_params");
    await page.call("data.preview", { data_handle });
    const { header, payload, bytes } = page.replies.at(-1)!;
    expect(header.payload).toEqual({ format: "arrow-ipc", bytes: payload!.length });
    expect(bytes.length).toBe(4 + bytes.readUInt32BE(0) + payload!.length);
    const [before, after] = [tableFromIPC(sent), tableFromIPC(payload!)];
    for (const name of ["width", "height", "color", "grade"]) {
      expect([...after.getChild(name)!].map(String)).toEqual([...before.getChild(name)!].map(String));
    }
  });

  test("R-5, R-8: a prefix, a cut header and a cut payload are waited for; of two frames in a message each has its answer", async () => {
    const page = await greeted();
    const one = frame({ id: "one", method: "ping", payload: { bytes: 3 } }, Buffer.from("abc"));
    for (const [from, to] of [
      [0, 0],
      [0, 2],
      [2, 4],
      [4, 20],
      [20, one.length - 1],
    ] as const) {
      page.socket.send(one.subarray(from, to));
      // The answer to a WebSocket ping: what came before it was read, and nothing was answered.
      const pong = new Promise((resolve) => page.socket.once("pong", resolve));
      page.socket.ping();
      await pong;
      expect(page.replies).toHaveLength(1);
    }
    page.socket.send(
      Buffer.concat([one.subarray(one.length - 1), frame({ id: "two", method: "ping" }), frame({ id: "three", method: "ping" })]),
    );
    await page.until(() => (page.replies.length === 4 ? true : undefined));
    expect(page.replies.slice(1).map(({ header }) => header.id)).toEqual(["one", "two", "three"]);
  });
});
