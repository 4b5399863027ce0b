import { describe, expect, test } from "vitest";
import { LiveClient, type SessionEvent } from "../../src/client/index.ts";
import { FakeClock, FakeServer, settle } from "./fake-server.ts";

function rig() {
  const server = new FakeServer();
  const clock = new FakeClock();
  const client = new LiveClient({ url: "ws://test/", token: "right", webSocket: server.WebSocket, clock });
  const events: SessionEvent[] = [];
  const changes: string[] = [];
  client.listen({ event: (event) => events.push(event), session: (_, change) => changes.push(change) });
  const seqs = (): (number | null)[] => events.filter((e) => e.seq !== null).map((e) => e.seq);
  return { server, clock, client, events, changes, seqs };
}

async function joined() {
  const all = rig();
  await all.client.connect();
  await all.client.createSession();
  return all;
}

describe("letting in", () => {
  test("the token goes in the first call, and connect resolves once it is accepted", async () => {
    const { server, client } = rig();
    await client.connect();
    expect(client.state.at).toBe("live");
    expect(server.requests.map((r) => [r.method, r.params])).toEqual([["auth", { token: "right" }]]);
  });

  test("a wrong token ends the attempts; the right one can be given afterwards", async () => {
    const { server, clock, client } = rig();
    server.token = "other";
    await expect(client.connect()).rejects.toMatchObject({ code: "refused" });
    expect(client.state).toMatchObject({ at: "closed", why: "token" });
    await clock.pass(60_000);
    expect(server.sockets).toHaveLength(1);
    await client.reconnectWith("other");
    expect(client.state.at).toBe("live");
  });

  test("a server that is not there yet is tried again until it is", async () => {
    const { server, clock, client } = rig();
    server.reachable = false;
    const connected = client.connect();
    await clock.pass(20_000);
    expect(server.sockets.length).toBeGreaterThan(5);
    server.reachable = true;
    await clock.pass(5_000);
    await connected;
    expect(client.state.at).toBe("live");
  });

  test("an upgrade that the server refuses ends the attempts, where the platform tells", async () => {
    const { server, clock, client } = rig();
    server.reachable = false;
    const connected = client.connect();
    server.socket.onerror?.({ message: "Unexpected server response: 403" } as never);
    await expect(connected).rejects.toMatchObject({ code: "refused" });
    await clock.pass(30_000);
    expect(server.sockets).toHaveLength(1);
  });

  test("closing releases every timer and rejects what waits", async () => {
    const { server, clock, client } = await joined();
    const call = client.call("info", {});
    client.close();
    await expect(call).rejects.toMatchObject({ code: "unavailable" });
    await expect(client.call("info", {})).rejects.toMatchObject({ code: "unavailable" });
    expect(clock.timers).toBe(0);
    expect(server.socket.readyState).toBe(3);
  });
});

describe("calls", () => {
  test("answers reach their own calls, in whatever order they come", async () => {
    const { server, client } = await joined();
    const first = client.call("info", {});
    const second = client.call("data.list", {});
    const [a, b] = server.requests.slice(-2);
    server.answer(b!, { handles: [] });
    server.answer(a!, { server: "x" });
    expect(await first).toEqual({ server: "x" });
    expect(await second).toEqual({ handles: [] });
  });

  test("an error answer rejects with the server's code and message", async () => {
    const { server, client } = await joined();
    const call = client.call("job.status", { job_id: "job-9" });
    server.refuse(server.requests.at(-1)!, "not_found", "there is no job job-9");
    await expect(call).rejects.toMatchObject({
      name: "RemoteError",
      wireCode: "not_found",
      code: "not_found",
      message: "there is no job job-9",
    });
  });

  test("no answer within the time limit is a timeout, and a late answer is ignored", async () => {
    const { server, clock, client } = await joined();
    const call = client.call("info", {}, { timeoutMs: 1_000 });
    const request = server.requests.at(-1)!;
    const failed = expect(call).rejects.toMatchObject({ code: "timeout", retryable: true });
    await clock.pass(1_000);
    await failed;
    server.answer(request, {});
  });

  test("a lost link rejects calls in flight as retryable", async () => {
    const { server, client } = await joined();
    const call = client.call("info", {});
    server.socket.drop();
    await expect(call).rejects.toMatchObject({ code: "unavailable", retryable: true, sent: true });
  });

  test("calls made while the link is down are sent after the session is joined again, cancelling first", async () => {
    const { server, clock, client } = await joined();
    server.socket.drop();
    server.handlers.set("info", () => ({}));
    server.handlers.set("job.cancel", () => ({ cancelled: true }));
    const calls = [client.call("info", {}), client.call("job.cancel", { job_id: "j" })];
    await clock.pass(1_000);
    await Promise.all(calls);
    expect(server.methods().slice(2)).toEqual(["auth", "session.join", "job.cancel", "info"]);
  });

  test("at most 20 calls wait, and none for longer than a minute", async () => {
    const { server, clock, client } = await joined();
    server.reachable = false;
    server.socket.drop();
    const calls = Array.from({ length: 20 }, () => client.call("info", {}));
    const settled = Promise.allSettled(calls);
    await expect(client.call("info", {})).rejects.toMatchObject({ code: "unavailable" });
    await clock.pass(60_000);
    expect((await settled).every((s) => s.status === "rejected" && s.reason.sent === false)).toBe(true);
  });

  test("bytes come back as the payload", async () => {
    const { server, client } = await joined();
    const call = client.jobTable("j", "predictions");
    server.answer(server.requests.at(-1)!, { rows: 1, cols: 1, columns: ["a"], format: "arrow-ipc" }, new Uint8Array([1, 2, 3]));
    expect([...(await call).bytes!]).toEqual([1, 2, 3]);
  });
});

test("a result too long for a header arrives all the same", async () => {
  const { server, client } = await joined();
  const call = client.jobResult("j", "report");
  const request = server.requests.at(-1)!;
  const json = new TextEncoder().encode(JSON.stringify({ folds: [1, 2] }));
  server.socket.say({ v: 1, id: request.id, ok: true, result: null, payload: { format: "json" } }, json);
  expect(await call).toEqual({ folds: [1, 2] });
});

describe("events", () => {
  test("an event that arrives in the same breath as the join's answer is not lost", async () => {
    const { server, client, seqs } = rig();
    await client.connect();
    server.event("a");
    server.handlers.set("session.join", (request) => {
      server.answer(request, { session_id: "sess-1", seq: 1 });
      server.event("b");
      return undefined;
    });
    await client.joinSession({ session_id: "sess-1" });
    expect(seqs()).toEqual([2]);
  });

  test("after a reconnect every missed event comes once", async () => {
    const { server, clock, seqs } = await joined();
    server.event("a");
    server.socket.drop();
    server.event("b");
    server.event("c");
    await clock.pass(1_000);
    server.event("d");
    expect(seqs()).toEqual([1, 2, 3, 4]);
  });

  test("a hole in the numbers is fetched before what follows is delivered", async () => {
    const { server, seqs } = await joined();
    server.log.push({ seq: 1, event: "a", data: null }, { seq: 2, event: "b", data: null });
    server.event("c");
    expect(seqs()).toEqual([]);
    await settle();
    expect(seqs()).toEqual([1, 2, 3]);
    expect(server.methods().filter((m) => m === "events.since")).toHaveLength(1);
  });

  test("a hole that the server no longer has is passed over", async () => {
    const { server, seqs } = await joined();
    server.handlers.set("events.since", () => ({ events: [], seq: 3 }));
    server.log.push({ seq: 1, event: "a", data: null }, { seq: 2, event: "b", data: null });
    server.event("c");
    await settle();
    expect(seqs()).toEqual([3]);
  });

  test("a session that is gone after a reconnect is reported, and the link stays", async () => {
    const { server, clock, client, changes } = await joined();
    server.knowsSession = false;
    server.socket.drop();
    await clock.pass(1_000);
    expect(client.state.at).toBe("live");
    expect(client.session).toBeNull();
    expect(changes).toEqual(["created", "gone"]);
  });

  test("a stalled server is found after 12 s of silence and 2 s without an answer", async () => {
    const { server, clock, client } = await joined();
    server.handlers.set("ping", () => undefined);
    await clock.pass(11_999);
    expect(client.state.at).toBe("live");
    await clock.pass(1);
    expect(client.state.at).toBe("suspect");
    await clock.pass(2_000);
    expect(client.state.at).toBe("waiting");
    server.handlers.delete("ping");
    await clock.pass(400);
    expect(client.state.at).toBe("live");
  });
});

describe("uploads", () => {
  const bytes = Uint8Array.from({ length: 1_300_000 }, (_, i) => i % 251);

  function receiving(server: FakeServer) {
    const chunks = new Map<number, Uint8Array>();
    server.handlers.set("data.upload.begin", () => ({ upload_id: "upload-1" }));
    server.handlers.set("data.upload.chunk", (request) => {
      const index = request.params.chunk_index as number;
      if (chunks.has(index)) {
        server.refuse(request, "invalid_params", "chunk repeated");
        return undefined;
      }
      chunks.set(index, request.payload!);
      return { received_count: chunks.size, received_bytes: 0, total_bytes: 0 };
    });
    server.handlers.set("data.upload.end", () => ({ data_handle: "data-1", name: "t", rows: 1, cols: 1 }));
    server.handlers.set("data.upload.cancel", () => ({ cancelled: true }));
    const joinedBytes = (): number[] => [...chunks].sort(([a], [b]) => a - b).flatMap(([, chunk]) => [...chunk]);
    return { chunks, joinedBytes };
  }

  test("a file goes in pieces below 1 MiB, and progress ends at its size", async () => {
    const { server, client } = await joined();
    const { chunks, joinedBytes } = receiving(server);
    const progress: number[] = [];
    const handle = await client.upload(new Blob([bytes]), { name: "t", filename: "t.csv", onProgress: (sent) => progress.push(sent) });
    expect(handle.data_handle).toBe("data-1");
    expect(chunks.size).toBe(3);
    expect(joinedBytes()).toEqual([...bytes]);
    expect([progress[0], progress.at(-1)]).toEqual([0, bytes.length]);
    expect(server.requests.find((r) => r.method === "data.upload.begin")?.params).toMatchObject({
      format: "csv",
      n_chunks: 3,
      total_bytes: bytes.length,
    });
  });

  test("a link lost in the middle pauses the upload; what had arrived is not refused", async () => {
    const { server, clock, client } = await joined();
    const { chunks, joinedBytes } = receiving(server);
    const store = server.handlers.get("data.upload.chunk")!;
    let dropped = false;
    server.handlers.set("data.upload.chunk", (request) => {
      if (dropped || request.params.chunk_index !== 2) return store(request);
      dropped = true;
      chunks.set(2, request.payload!); // It arrived; the answer does not.
      request.socket.drop();
      return undefined;
    });
    const upload = client.upload(bytes, { name: "t" });
    await clock.pass(2_000);
    expect((await upload).data_handle).toBe("data-1");
    expect(joinedBytes()).toEqual([...bytes]);
  });

  test("an aborted upload is taken back and says so", async () => {
    const { server, client } = await joined();
    receiving(server);
    const abort = new AbortController();
    server.handlers.set("data.upload.begin", () => {
      abort.abort();
      return { upload_id: "upload-1" };
    });
    await expect(client.upload(bytes, { name: "t", signal: abort.signal })).rejects.toMatchObject({ code: "cancelled" });
    expect(server.methods().at(-1)).toBe("data.upload.cancel");
  });

  test("an empty file is refused before anything is sent", async () => {
    const { client } = await joined();
    await expect(client.upload(new Uint8Array(), { name: "t", filename: "t.csv" })).rejects.toThrow("t.csv is empty");
  });
});
