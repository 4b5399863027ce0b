import type { IncomingMessage } from "node:http";
import { createConnection } from "node:net";
import { Duplex } from "node:stream";
import { expect, test } from "vitest";
import { KEY, RawClient, scriptedModel, tellurioRig } from "./tellurio-rig.ts";

test("T-1: the key in the header opens /ws/v0/rpc/; without it, with another, or elsewhere the handshake is refused", async () => {
  const { url, logs } = await tellurioRig();
  expect((await RawClient.connect(url)).sessionId).not.toBe("");
  await expect(RawClient.connect(url, "other-key-99")).rejects.toThrow("status 401");
  await expect(RawClient.connect(url, null)).rejects.toThrow("status 401");
  await expect(RawClient.connect(url.slice(0, -1))).rejects.toThrow("status 404");
  expect(logs.join()).not.toContain("other-key-99");
});

test("T-2: the first message is the welcome with a session id of its own", async () => {
  const { url } = await tellurioRig();
  const [one, two] = [await RawClient.connect(url), await RawClient.connect(url)];
  expect(one.welcome).toEqual({ jsonrpc: "2.0", id: null, result: { session_id: one.sessionId } });
  expect(one.sessionId).not.toBe(two.sessionId);
});

test("T-3: 101 and the welcome arrive in one piece, uncompressed, although compression is offered; 200 times", async () => {
  const { url } = await tellurioRig();
  const { hostname, port, pathname } = new URL(url);
  const head = [
    `GET ${pathname} HTTP/1.1`,
    `Host: ${hostname}:${port}`,
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",
    `Authorization: Api-Key ${KEY}`,
  ];
  for (let i = 0; i < 200; i++) {
    const first = await new Promise<Buffer>((resolve, reject) => {
      const socket = createConnection(Number(port), hostname, () => socket.write(`${head.join("\r\n")}\r\n\r\n`));
      socket.once("error", reject);
      socket.once("data", (data) => {
        socket.destroy();
        resolve(data);
      });
    });
    const end = first.indexOf("\r\n\r\n") + 4;
    expect(first.subarray(0, 12).toString()).toBe("HTTP/1.1 101");
    // Final text frame, no reserved bits, not masked, length in one byte.
    expect([first[end], first[end + 1]]).toEqual([0x81, first.length - end - 2]);
    expect(JSON.parse(first.subarray(end + 2).toString()).result.session_id).toMatch(/.{8}/);
  }
});

test("T-3: the socket is asked to write once for 101 and the welcome", async () => {
  const { door } = await tellurioRig();
  const writes: string[] = [];
  const socket = new Duplex({
    read: () => {},
    write: (chunk, _encoding, done) => {
      writes.push(String(chunk));
      done();
    },
    writev: (chunks, done) => {
      writes.push(chunks.map(({ chunk }) => String(chunk)).join(""));
      done();
    },
  });
  const headers = {
    host: "127.0.0.1:1",
    upgrade: "websocket",
    connection: "Upgrade",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    "sec-websocket-version": "13",
    authorization: `Api-Key ${KEY}`,
  };
  const request = { url: "/ws/v0/rpc/", method: "GET", headers, socket } as unknown as IncomingMessage;
  door.upgrade(request, socket, Buffer.alloc(0), 1);
  expect(writes).toHaveLength(1);
  expect(writes[0]).toMatch(/^HTTP\/1.1 101[\s\S]*\r\n\r\n[\s\S]*session_id/);
  socket.destroy();
});

test("T-4, T-5, T-6: answers carry the caller's id; errors have the standard codes and an object as data", async () => {
  const { url } = await tellurioRig();
  const client = await RawClient.connect(url);
  const made = await client.request("create_variable", { data: "x", role: "r", requires_grad: false }, "my id");
  expect(made).toMatchObject({ jsonrpc: "2.0", id: "my id", result: { message: "Variable created successfully." } });
  expect((await client.request("no_such", {})).error).toEqual({
    code: -32601,
    message: "Method 'no_such' not found.",
    data: { method: "no_such" },
  });
  const missing = await client.request("create_variable", { data: "x" });
  expect(missing.error).toMatchObject({ code: -32602, data: { missing_key: "role", exception: expect.stringContaining("role") } });
  const wrong = await client.request("create_variable", { data: [1, "a"], role: "r", requires_grad: false });
  expect(wrong.error).toMatchObject({ code: -32602, data: { exception: expect.stringContaining("all texts or all numbers") } });
  const unknown = await client.request("get_variable", { variable_id: "nobody" });
  expect(unknown.error).toMatchObject({ code: -32603, message: "Internal error", data: { exception: expect.stringContaining("nobody") } });
});

test("T-6: broken JSON, other versions, lists and NaN are answered, and the session lives on", async () => {
  const { url } = await tellurioRig();
  const client = await RawClient.connect(url);
  const sent = [
    ["{", -32700, null],
    ['{"method":"get_variable","id":"a"}', -32600, "a"],
    ['{"jsonrpc":"2.0","id":"b"}', -32600, "b"],
    ['[{"jsonrpc":"2.0","method":"x","id":"c"}]', -32600, null],
    ['{"jsonrpc":"2.0","method":"get_variable","params":[1],"id":"d"}', -32602, "d"],
    ['{"jsonrpc":"2.0","method":"create_variable","params":{"data":NaN,"role":"NaN","requires_grad":true},"id":"e"}', -32602, "e"],
  ] as const;
  for (const [text] of sent) client.send(text);
  await client.until(() => client.heard.length === sent.length);
  expect(client.heard.map(({ error, id }) => [error.code, id])).toEqual(sent.map(([, code, id]) => [code, id]));
  for (const { error } of client.heard) expect(typeof error.data.exception).toBe("string");
  await client.variable("still", "here");
});

test("T-7: nothing above 1 MiB is sent; the call fails with a typed error instead", async () => {
  const { url } = await tellurioRig();
  const client = await RawClient.connect(url);
  const big = await client.variable("ä".repeat(530_000), "big");
  const answer = await client.request("get_variable", { variable_id: big.id });
  expect(answer.error).toMatchObject({ code: -32603, data: { type: "too_large", exception: expect.stringContaining("1048576") } });
  const fits = await client.variable("a".repeat(1_040_000), "fits");
  expect((await client.get(fits.id)).data).toHaveLength(1_040_000);
});

test("T-8, T-12: functions run on the client while its call is open, and other calls are answered meanwhile; order is kept", async () => {
  const { url } = await tellurioRig();
  const client = await RawClient.connect(url);
  const x = await client.variable("green", "colour", true);
  const score = client.fn(async () => {
    const inner = await client.variable("made by the function", "inner");
    return (await client.get(inner.id)).data.length;
  });
  const { data } = await client.run("DeterministicEvaluator", [x.ref, "red", score, "colour", null, null, null]);
  expect(data[0].data).toBe(20);
  const names = client.heard.map(({ method }) => method ?? "answer");
  const node = names.indexOf("create_node");
  expect(names.slice(node)).toEqual(["create_node", "create_node", "create_edge", "answer"]);
});

test("T-10: a plain call does not beat, however long it takes", async () => {
  const { url } = await tellurioRig({ heartbeatFirstMs: 5, heartbeatEveryMs: 5, pushMs: 100 });
  const client = await RawClient.connect(url);
  const { id: model_id } = await client.model("http://127.0.0.1:1/v1");
  client.isDeaf = true;
  await expect(client.call("clear_model_usage", { model_id })).rejects.toThrow(/did not answer update_model/);
  expect(client.pushed("heartbeat")).toEqual([]);
});

test("T-9: long calls beat with their id until they are answered and not after", async () => {
  const { url } = await tellurioRig({ heartbeatFirstMs: 20, heartbeatEveryMs: 20 });
  const client = await RawClient.connect(url);
  let release = (): void => {};
  const model = await scriptedModel(() => new Promise((resolve) => (release = () => resolve("done"))));
  const { ref } = await client.model(model.baseUrl);
  const prompt = await client.variable("hello", "prompt");
  const id = "long one";
  const answer = client.request(
    "run_function",
    {
      function_name: "ChatCompletion",
      grad_enabled: true,
      args: [ref, [{ role: "user", content: [prompt.ref] }], null],
      kwargs: { model: "m" },
    },
    id,
  );
  await client.until(() => client.pushed("heartbeat").length >= 3);
  while (model.requests === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  release();
  expect((await answer).result.data.data).toBe("done");
  const beats = client.pushed("heartbeat");
  expect(beats.every((beat) => beat.id === undefined && beat.params.id === id)).toBe(true);
  const last = client.heard.findIndex((message) => message.id === id && message.method === undefined);
  await new Promise((resolve) => setTimeout(resolve, 80));
  expect(client.heard.slice(last).filter(({ method }) => method === "heartbeat")).toEqual([]);
});

test("T-11: error answers without an id, or with an unknown one, are ignored", async () => {
  const { url } = await tellurioRig();
  const client = await RawClient.connect(url);
  for (const id of [null, "s999"]) client.send(JSON.stringify({ jsonrpc: "2.0", id, error: { code: -32601, message: "?", data: {} } }));
  await client.variable("x", "r");
  expect(client.heard).toHaveLength(1);
});

test("T-13: a session ends with its connection: the door holds nothing of it, and its work at the model is stopped", async () => {
  const { url, door } = await tellurioRig();
  const client = await RawClient.connect(url);
  let asked = (): void => {};
  const isAsked = new Promise<void>((resolve) => (asked = resolve));
  const model = await scriptedModel(() => {
    asked();
    return new Promise(() => {});
  });
  const { ref } = await client.model(model.baseUrl);
  const prompt = await client.variable("hello", "prompt");
  void client.run("ChatCompletion", [ref, [{ role: "user", content: [prompt.ref] }], null], { model: "m" });
  await isAsked;
  expect(door.sessionCount).toBe(1);
  client.socket.terminate();
  while (door.sessionCount > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  const other = await RawClient.connect(url);
  await expect(other.get(prompt.id)).rejects.toThrow(/not known in this session/);
});

test("1,000 connections in a row are welcomed and their first call is answered", async () => {
  const { url } = await tellurioRig();
  for (let i = 0; i < 1000; i++) {
    const client = await RawClient.connect(url);
    await client.call("checksum", {});
    client.socket.terminate();
  }
});

test("a client that does not take what it is told fails its own call, in time; the next call works", async () => {
  const { url } = await tellurioRig({ pushMs: 50 });
  const client = await RawClient.connect(url);
  const x = await client.variable("a", "a", true);
  client.isDeaf = true;
  await expect(client.run("Add", [x.ref, x.ref])).rejects.toThrow(/did not answer create_node within 0.05 s/);
  client.isDeaf = false;
  expect((await client.get(x.id)).data).toBe("a");
});

test("a server that stops says goodbye with 1001", async () => {
  const { url, door } = await tellurioRig();
  const client = await RawClient.connect(url);
  await door.close();
  await client.until(() => client.closeCode !== null);
  expect(client.closeCode).toBe(1001);
});
