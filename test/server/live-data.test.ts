import { readdirSync } from "node:fs";
import { join } from "node:path";
import { tableFromIPC } from "apache-arrow";
import { describe, expect, test } from "vitest";
import { FakeClock } from "../support/fake-clock.ts";
import { TestClient } from "../support/live-client.ts";
import { sampleBytes, testServer } from "../support/live-server.ts";

const server = await testServer({ maxHandles: 3 });
const iris = sampleBytes("iris");
const csv = (text: string): Buffer => Buffer.from(text);

/** Cut into chunks of unequal sizes. */
function chunksOf(bytes: Buffer, count: number): Buffer[] {
  const size = Math.ceil(bytes.length / count) - 3;
  return Array.from({ length: count }, (_, i) => bytes.subarray(i * size, i === count - 1 ? bytes.length : (i + 1) * size));
}

describe("one frame", () => {
  test("R-72, R-76, R-81: upload answers with the handle's summary, and the list shows it; everybody attached hears of it", async () => {
    const client = await TestClient.attached(server, "upload");
    const handle = await client.result("data.upload", { name: "iris", format: "csv" }, iris);
    const { warnings, ...summary } = handle;
    expect(summary).toEqual({ data_handle: expect.stringMatching(/^data-[0-9a-f]{16}$/), name: "iris", rows: 150, cols: 5 });
    expect(warnings).toEqual([]);
    expect(await client.result("data.list")).toEqual({ handles: [summary] });
    expect((await client.event("data.added")).data).toEqual(summary);
    expect((await client.result("session.info")).data).toEqual([summary]);
    await client.close();
  });

  test("R-74: an Arrow stream round-trips, and text columns become factors", async () => {
    const client = await TestClient.attached(server, "arrow");
    const first = await client.result("data.upload", { name: "iris", format: "csv" }, iris);
    const { payload } = await client.call("data.preview", { data_handle: first.data_handle, limit: 1000 });
    const again = await client.result("data.upload", { name: "copy" }, payload!);
    expect(again).toMatchObject({ rows: 150, cols: 5 });
    const { columns } = await client.result("data.describe", { data_handle: again.data_handle });
    expect(columns.at(-1)).toMatchObject({ type: "factor", n_unique: 3, summary: { top: { setosa: 50, versicolor: 50, virginica: 50 } } });
    await client.close();
  });

  test("R-75, R-78, R-79, R-80: no payload, an empty one, bytes that are no table, and bad names are refused", async () => {
    const client = await TestClient.attached(server, "refused");
    expect((await client.refusal("data.upload", { name: "x" })).code).toBe("invalid_params");
    expect((await client.refusal("data.upload", { name: "x" }, Buffer.alloc(0))).code).toBe("invalid_params");
    expect((await client.refusal("data.upload", { name: "x" }, csv("no arrow stream at all"))).code).toBe("invalid_params");
    for (const name of [undefined, "", null, 4]) expect((await client.refusal("data.upload", { name }, iris)).code).toBe("invalid_params");
    expect((await client.refusal("data.upload", { name: "x", format: "xlsx" }, iris)).code).toBe("invalid_params");
    expect(await client.result("data.list")).toEqual({ handles: [] });
    expect(readdirSync(join(server.dataDir, "uploads"))).toEqual([]);
    await client.close();
  });

  test("R-77: beyond the cap is too_many", async () => {
    const client = await TestClient.attached(server, "cap");
    for (let i = 0; i < 3; i++) await client.result("data.upload", { name: "t", format: "csv" }, csv("a,b\n1,2\n2,3\n"));
    expect((await client.refusal("data.upload", { name: "t", format: "csv" }, csv("a,b\n1,2\n"))).code).toBe("too_many");
    await client.close();
  });
});

describe("chunks", () => {
  test("R-73, R-83: chunks in any order make the whole table; counters are cumulative; nothing pending remains", async () => {
    const client = await TestClient.attached(server, "chunks");
    const chunks = chunksOf(iris, 5);
    const { upload_id } = await client.result("data.upload.begin", { name: "iris", format: "csv", total_bytes: iris.length, n_chunks: 5 });
    expect(upload_id).toMatch(/^upload-[0-9a-f]{16}$/);
    let received = 0;
    for (const [count, index] of [4, 1, 2, 5, 3].entries()) {
      received += chunks[index - 1]!.length;
      expect(await client.result("data.upload.chunk", { upload_id, chunk_index: index }, chunks[index - 1])).toEqual({
        received_count: count + 1,
        received_bytes: received,
        total_bytes: iris.length,
      });
    }
    expect(await client.result("data.upload.end", { upload_id })).toMatchObject({ name: "iris", rows: 150, cols: 5 });
    expect((await client.refusal("data.upload.end", { upload_id })).code).toBe("not_found");
    expect(readdirSync(join(server.dataDir, "uploads"))).toEqual([]);
    await client.close();
  });

  test("R-84, R-85: unknown uploads, index 0, above n, repeated, and more bytes than announced are refused; another session's upload is unknown", async () => {
    const client = await TestClient.attached(server, "chunk-faults");
    const other = await TestClient.attached(server, "chunk-faults-2");
    const { upload_id } = await client.result("data.upload.begin", { name: "x", total_bytes: 10, n_chunks: 3 });
    const chunk = (index: unknown, bytes: string, id = upload_id) =>
      client.refusal("data.upload.chunk", { upload_id: id, chunk_index: index }, csv(bytes));
    await client.result("data.upload.chunk", { upload_id, chunk_index: 1 }, csv("abcd"));
    for (const index of [0, 4, 1, 1.5, "2"]) expect((await chunk(index, "ab")).code).toBe("invalid_params");
    expect((await chunk(2, "1234567")).code).toBe("invalid_params");
    expect((await chunk(1, "ab", "upload-0000000000000000")).code).toBe("not_found");
    expect((await other.refusal("data.upload.chunk", { upload_id, chunk_index: 2 }, csv("x"))).code).toBe("not_found");
    await client.close();
    await other.close();
  });

  test("R-86, R-87: ending with chunks missing or another total is refused and destroys the upload", async () => {
    const client = await TestClient.attached(server, "end-faults");
    for (const [total, chunks] of [
      [8, 2],
      [9, 1],
    ]) {
      const { upload_id } = await client.result("data.upload.begin", { name: "x", total_bytes: total, n_chunks: chunks });
      await client.result("data.upload.chunk", { upload_id, chunk_index: 1 }, csv("a,b\n1,2\n"));
      expect((await client.refusal("data.upload.end", { upload_id })).code).toBe("invalid_params");
      expect((await client.refusal("data.upload.end", { upload_id })).code).toBe("not_found");
    }
    for (const params of [
      { total_bytes: 0, n_chunks: 1 },
      { total_bytes: 5, n_chunks: 0 },
      { total_bytes: 2 ** 31, n_chunks: 1 },
      { n_chunks: 1 },
    ]) {
      expect((await client.refusal("data.upload.begin", { name: "x", ...params })).code).toBe("invalid_params");
    }
    await client.close();
  });

  test("R-88: cancelling is true once, then false, and false for unknown ids", async () => {
    const client = await TestClient.attached(server, "cancel-upload");
    const { upload_id } = await client.result("data.upload.begin", { name: "x", total_bytes: 8, n_chunks: 2 });
    await client.result("data.upload.chunk", { upload_id, chunk_index: 2 }, csv("zz"));
    expect(await client.result("data.upload.cancel", { upload_id })).toEqual({ cancelled: true });
    expect(await client.result("data.upload.cancel", { upload_id })).toEqual({ cancelled: false });
    expect(await client.result("data.upload.cancel", { upload_id: "upload-x" })).toEqual({ cancelled: false });
    await client.close();
  });
});

describe("what is known of a table", () => {
  test("R-82, D-9, D-21: describe has a type and a summary per column, numbers in full precision", async () => {
    const client = await TestClient.attached(server, "describe");
    const text = "n,x,flag,word,day\n1,0.123456789,true,a,2024-01-01\n2,,false,b,2024-01-02\n3,2,true,b,2024-01-03\n";
    const { data_handle } = await client.result("data.upload", { name: "t", format: "csv" }, csv(text));
    const { rows, cols, columns } = await client.result("data.describe", { data_handle });
    expect([rows, cols]).toEqual([3, 5]);
    expect(columns).toEqual([
      { name: "n", type: "integer", n_missing: 0, n_unique: 3, summary: { min: 1, max: 3, mean: 2 } },
      { name: "x", type: "double", n_missing: 1, n_unique: 2, summary: { min: 0.123456789, max: 2, mean: 1.0617283945 } },
      { name: "flag", type: "logical", n_missing: 0, n_unique: 2, summary: { n_true: 2, n_false: 1 } },
      { name: "word", type: "factor", n_missing: 0, n_unique: 2, summary: { top: { b: 2, a: 1 } } },
      { name: "day", type: "date", n_missing: 0, n_unique: 3, summary: null },
    ]);
    await client.close();
  });

  test("+ profile, preview of some rows, rename, samples", async () => {
    const client = await TestClient.attached(server, "profile");
    const { samples } = await client.result("data.samples");
    expect(samples.map((sample: { name: string }) => sample.name)).toContain("wine");
    const { data_handle } = await client.result("data.open_sample", { name: "wine" });
    expect((await client.refusal("data.open_sample", { name: "vine" })).code).toBe("not_found");
    const profile = await client.result("data.profile", { data_handle });
    expect(profile).toMatchObject({ data_handle, name: "wine", rows: 178, suggested_target: "cultivar", suggested_task: "classification" });
    const { header, payload } = await client.call("data.preview", { data_handle, offset: 175, limit: 10 });
    expect(header.result).toMatchObject({ rows: 3, cols: 14, format: "arrow-ipc" });
    expect(tableFromIPC(payload!).numRows).toBe(3);
    expect((await client.refusal("data.preview", { data_handle, limit: 1001 })).code).toBe("invalid_params");
    expect(await client.result("data.rename", { data_handle, name: "red wine" })).toMatchObject({ data_handle, name: "red wine" });
    expect((await client.event("data.changed")).data).toMatchObject({ data_handle, name: "red wine" });
    await client.close();
  });

  test("+ set_types makes a new table under the same handle, and refuses a value that does not fit with its row", async () => {
    const client = await TestClient.attached(server, "types");
    const { data_handle } = await client.result("data.upload", { name: "t", format: "csv" }, csv("a,b\n1,x\n2,7\n"));
    const before = await client.result("data.profile", { data_handle });
    const refusal = await client.refusal("data.set_types", { data_handle, types: { b: "double" } });
    expect(refusal).toMatchObject({ code: "invalid_params", message: expect.stringMatching(/row 1/) });
    expect((await client.result("data.profile", { data_handle })).fingerprint).toBe(before.fingerprint);
    await client.result("data.set_types", { data_handle, types: { a: "factor" } });
    await client.result("data.set_types", { data_handle, types: { b: { type: "factor", levels: ["x", "7"], ordered: true } } });
    const { columns } = await client.result("data.describe", { data_handle });
    expect(columns.map((column: { type: string }) => column.type)).toEqual(["factor", "factor"]);
    expect((await client.refusal("data.set_types", { data_handle, types: ["a"] })).code).toBe("invalid_params");
    await client.close();
  });

  test("R-90, R-91: unknown handles are not_found; delete is true once; another session's handle is unknown", async () => {
    const client = await TestClient.attached(server, "delete");
    const other = await TestClient.attached(server, "delete-2");
    const { data_handle } = await client.result("data.upload", { name: "t", format: "csv" }, csv("a,b\n1,2\n2,3\n"));
    for (const method of ["data.describe", "data.profile", "data.preview"]) {
      expect((await other.refusal(method, { data_handle })).code).toBe("not_found");
      expect((await client.refusal(method, { data_handle: "data-x" })).code).toBe("not_found");
      expect((await client.refusal(method, {})).code).toBe("invalid_params");
    }
    expect(await other.result("data.delete", { data_handle })).toEqual({ deleted: false });
    expect(await client.result("data.delete", { data_handle })).toEqual({ deleted: true });
    expect(await client.result("data.delete", { data_handle })).toEqual({ deleted: false });
    expect((await client.event("data.removed")).data).toEqual({ data_handle });
    expect((await client.refusal("data.describe", { data_handle })).code).toBe("not_found");
    await client.close();
    await other.close();
  });

  test("R-89, R-92: a handle is dropped when it was not used for its time", async () => {
    const clock = new FakeClock();
    const short = await testServer({ dataTtlMs: 400, gcIntervalMs: 20, parts: { clock } });
    const client = await TestClient.attached(short, "ttl");
    const used = await client.result("data.upload", { name: "used", format: "csv" }, csv("a,b\n1,2\n"));
    const left = await client.result("data.upload", { name: "left", format: "csv" }, csv("a,b\n1,2\n"));
    clock.pass(390);
    await client.result("data.describe", { data_handle: used.data_handle });
    clock.pass(40);
    expect((await client.event("data.removed")).data).toEqual({ data_handle: left.data_handle });
    expect((await client.result("data.list")).handles).toHaveLength(1);
    await client.close();
  });
});
