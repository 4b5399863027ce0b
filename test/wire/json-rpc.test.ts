import { describe, expect, test } from "vitest";
import { TrainyardError } from "../../src/core/errors.ts";
import { decodeRpc, encodeError, encodeNotification, encodeRequest, encodeResult } from "../../src/wire/json-rpc.ts";
import { JsonRpcPeer, type PeerOptions, Reply, RpcError } from "../../src/wire/json-rpc-peer.ts";

describe("the codec", () => {
  test("reads what it writes", () => {
    expect(decodeRpc(encodeRequest(0, "m", { a: 1 }))).toEqual({ kind: "request", id: 0, method: "m", params: { a: 1 } });
    expect(decodeRpc(encodeNotification("m", {}))).toEqual({ kind: "notification", method: "m", params: {} });
    expect(decodeRpc(encodeResult("x", undefined))).toEqual({ kind: "result", id: "x", result: null });
    const error = { code: -32603, message: "Internal error", data: { exception: "why" } };
    expect(decodeRpc(encodeError(null, error))).toEqual({ kind: "error", id: null, error });
  });

  test("an error without data still has an object there; a null id makes a notification", () => {
    expect(decodeRpc('{"id":1,"error":{"code":5}}')).toEqual({ kind: "error", id: 1, error: { code: 5, message: "Error", data: {} } });
    expect(decodeRpc('{"jsonrpc":"2.0","method":"m","id":null}')).toMatchObject({ kind: "notification" });
  });

  test("bare NaN is refused by its id, but not where it stands in a text", () => {
    expect(decodeRpc('{"jsonrpc":"2.0","method":"m","params":{"a":[NaN,-Infinity]},"id":7}')).toMatchObject({
      kind: "fault",
      id: 7,
      error: { code: -32602 },
    });
    expect(decodeRpc('{"jsonrpc":"2.0","method":"m","params":{"a":"NaN \\" Infinity"},"id":7}')).toMatchObject({ kind: "request" });
    expect(decodeRpc('{"a":NaN')).toMatchObject({ kind: "fault", id: null, error: { code: -32700 } });
  });
});

/** Two peers, each other's wire; `cut` loses what is sent. */
function pair(handle: PeerOptions["handle"], more: Partial<PeerOptions> = {}) {
  const sent: string[] = [];
  const state = { isCut: false };
  const server: JsonRpcPeer = new JsonRpcPeer({
    send: (text) => deliver(text, () => client),
    handle,
    isMethod: (m) => m !== "none",
    newId: () => "s",
    answersKept: 8,
    ...more,
  });
  const client: JsonRpcPeer = new JsonRpcPeer({
    send: (text) => deliver(text, () => server),
    handle: () => null,
    isMethod: () => false,
    newId: (() => {
      let n = 0;
      return () => ++n;
    })(),
  });
  const deliver = (text: string, to: () => JsonRpcPeer): boolean => {
    sent.push(text);
    if (!state.isCut) queueMicrotask(() => to().receive(text));
    return !state.isCut;
  };
  return { client, server, sent, state };
}

describe("a peer", () => {
  test("what follows an answer is sent behind it", async () => {
    const { client, server, sent } = pair(() => new Reply("done", () => server.notify("after", {})));
    expect(await client.call("m", {})).toBe("done");
    expect(sent.slice(1).map((text) => JSON.parse(text).method ?? "answer")).toEqual(["answer", "after"]);
  });

  test("errors keep their kind on the way; secrets are cut out", async () => {
    const { client } = pair(
      () => {
        throw new TrainyardError("too_large", "sk-1 is too much", { retryable: true });
      },
      { redact: (text) => text.replaceAll("sk-1", "[key]") },
    );
    await expect(client.call("m", {})).rejects.toMatchObject({
      name: "RpcError",
      code: "too_large",
      retryable: true,
      rpcCode: -32603,
      message: "[key] is too much",
    });
    await expect(client.call("none", {})).rejects.toMatchObject({ rpcCode: -32601, data: { method: "none" } });
    const strict = pair(() => {
      throw RpcError.params("no", { missing_key: "k" });
    });
    await expect(strict.client.call("m", {})).rejects.toMatchObject({ code: "invalid_argument", data: { missing_key: "k" } });
  });

  test("a request that comes again after a lost link is not done again: its answer comes again", async () => {
    let count = 0;
    const { client, state } = pair(() => ++count);
    expect(await client.call("m", {})).toBe(1);
    state.isCut = true;
    const lost = client.call("m", {});
    state.isCut = false;
    client.replay();
    expect(await lost).toBe(2);
    client.receive(encodeResult(99, "late"));
    expect([client.pendingCount, count]).toEqual([0, 2]);
  });

  test("an answer lost on its way is sent again from memory", async () => {
    let count = 0;
    const { client, state } = pair(() => {
      state.isCut = true;
      return ++count;
    });
    const call = client.call("m", {});
    await Promise.resolve();
    await Promise.resolve();
    state.isCut = false;
    client.replay();
    expect(await call).toBe(1);
    expect(count).toBe(1);
  });

  test("too long messages are refused: those of a caller at once, those of an answer as an error", async () => {
    const { client, server } = pair(() => "ä".repeat(60), { maxBytes: 100 });
    await expect(client.call("m", {})).rejects.toMatchObject({ code: "too_large" });
    expect(() => server.call("m", { text: "x".repeat(100) })).toThrow(/at most 100/);
  });
});
