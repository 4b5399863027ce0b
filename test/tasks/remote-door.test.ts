import { createPrivateKey, X509Certificate } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as tlsConnect } from "node:tls";
import { describe, expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { daemon, daemons, daemonsSet, info, mirai, rotateToken, status } from "../../dist/tasks/index.js";
import { fingerprintOf, selfSigned } from "../../src/tasks/remote/certificate.ts";
import { join as joinAs } from "../../src/tasks/remote/handshake.ts";
import { formatToken, parseToken } from "../../src/tasks/remote/join-token.ts";
import { until } from "./processes.ts";
import { dialIn, listeningProfile, type RemoteRig } from "./remote-rig.ts";

function portOf(set: RemoteRig): number {
  return Number(/:(\d+)/.exec(set.url.replace(/^.*\/\//, ""))?.[1]);
}

/** A stranger's socket. */
async function stranger(set: RemoteRig): Promise<Socket> {
  const socket = connect(portOf(set), "127.0.0.1");
  socket.on("error", () => {});
  onTestFinished(() => void socket.destroy());
  await once(socket, "connect");
  return socket;
}

/** A peer that knows the token, and may then say anything. */
async function joined(set: RemoteRig): Promise<Socket> {
  const socket = await stranger(set);
  await joinAs(socket, parseToken(set.token).secret, 30_000);
  return socket;
}

function message(kind: number, executor: number, payload: Uint8Array | string, length?: number): Buffer {
  const bytes = Buffer.from(payload as string);
  const header = Buffer.alloc(8);
  header.writeUInt32BE(executor, 0);
  header[0] = kind;
  header.writeUInt32BE(length ?? bytes.length, 4);
  return Buffer.concat([header, bytes]);
}

const control = (value: unknown): Buffer => message(1, 0, JSON.stringify(value));
const HELLO = { type: "hello", version: 1, pid: 1, host: "evil", idleMs: 0, wallMs: 0, maxTasks: 0 };

async function closed(socket: Socket): Promise<void> {
  socket.resume();
  if (!socket.closed) await once(socket, "close");
}

/** Whatever happened at the door: who has the token still joins and works. */
async function stillServes(set: RemoteRig): Promise<void> {
  void dialIn(set);
  expect(await mirai(() => "served", undefined, { profile: set.profile })).toBe("served");
  expect(info(set.profile)).toMatchObject({ connections: 1 });
}

describe("what a stranger sends is dropped, and all else goes on", () => {
  test.each([
    ["garbage", Buffer.from("GET / HTTP/1.1\r\nHost: x\r\n\r\n".padEnd(64, "x"))],
    ["zeros", Buffer.alloc(1000)],
    ["a frame that says 2 GB", message(2, 1, "x".repeat(100), 2 ** 31)],
    ["a wrong proof", Buffer.concat([Buffer.from("TYJOIN1\n"), Buffer.alloc(64)])],
  ])("%s", async (_, bytes) => {
    const set = await listeningProfile();
    const socket = await stranger(set);
    socket.write(bytes);
    await closed(socket);
    expect(info(set.profile)).toMatchObject({ connections: 0, cumulative: 0 });
    await stillServes(set);
  });

  test("half a handshake, and then the end", async () => {
    const set = await listeningProfile();
    const socket = await stranger(set);
    socket.end("TYJOIN1\nhalf");
    await closed(socket);
    await stillServes(set);
  });

  test("nothing at all, until its time is over", async () => {
    const set = await listeningProfile({ joinTimeoutMs: 50 });
    const socket = await stranger(set);
    await closed(socket);
    const quick = await listeningProfile({ joinTimeoutMs: 200 });
    const slow = await stranger(quick);
    slow.write("TYJOIN1\n");
    await closed(slow);
    expect(info(quick.profile)).toMatchObject({ cumulative: 0 });
  });

  test("nothing after the handshake, until its time is over", async () => {
    const set = await listeningProfile({ joinTimeoutMs: 2000 });
    await closed(await joined(set));
    expect(info(set.profile)).toMatchObject({ cumulative: 0 });
  });

  test("a token with one bit changed is refused; so is the host that does not know it", async () => {
    const set = await listeningProfile();
    const token = parseToken(set.token);
    const secret = Buffer.from(token.secret);
    secret[31] = secret[31]! ^ 1;
    await expect(daemon(set.url, { token: formatToken({ ...token, secret }), retryMs: 60_000 })).rejects.toMatchObject({ code: "refused" });
    await stillServes(set);
  });

  test("the secret never travels, and a proof that was heard opens nothing", async () => {
    const set = await listeningProfile();
    const { secret } = parseToken(set.token);
    const heard: Buffer[] = [];
    const socket = await stranger(set);
    const write = socket.write.bind(socket) as (chunk: Uint8Array) => boolean;
    socket.write = ((chunk: Uint8Array) => {
      heard.push(Buffer.from(chunk));
      return write(chunk);
    }) as typeof socket.write;
    await joinAs(socket, secret, 30_000);
    expect(Buffer.concat(heard).includes(secret)).toBe(false);

    const replay = await stranger(set);
    replay.write(Buffer.concat(heard));
    await closed(replay);
    socket.destroy();
    await stillServes(set);
  });

  test("300 strangers that stay: the limit holds, and when they are gone daemons join", async () => {
    const set = await listeningProfile({ joinTimeoutMs: 100_000 }); // so that only the limit turns anybody away
    const sockets = await Promise.all(Array.from({ length: 300 }, () => stranger(set)));
    for (const socket of sockets) socket.resume();
    await until("those above the limit are turned away", () => sockets.filter((socket) => socket.closed).length === 44, 30_000);
    for (const socket of sockets) socket.destroy();
    void dialIn(set, { retryMs: 60_000 });
    expect(await mirai(() => "served", undefined, { profile: set.profile })).toBe("served");
  });

  test("rotateToken: the old token joins no more, who has joined stays", async () => {
    const set = await listeningProfile();
    const { profile, token } = set;
    void dialIn(set);
    await set.connected(1);
    const next = rotateToken(profile);
    expect([next === token, set.token === next]).toEqual([false, true]);
    await expect(daemon(set.url, { token })).rejects.toMatchObject({ code: "refused" });
    void dialIn(set);
    await set.connected(2);
    expect(await mirai(() => 1, undefined, { profile })).toBe(1);
  });
});

describe("a peer that joined and then misbehaves loses its own place and nothing else", () => {
  test.each([
    ["garbage", Buffer.from("x".repeat(100))],
    ["a message of 2 GB", message(2, 1, "", 2 ** 31)],
    ["a control message that is no JSON", message(1, 0, "{nope")],
    ["a control message that daemons do not send", control({ type: "open", executor: 1 })],
    ["a second hello", control(HELLO)],
    ["a hello with a limit that is none", control({ ...HELLO, idleMs: -1 })],
    ["half a message, and then the end", message(1, 0, "{}", 100)],
  ])("%s", async (title, bytes) => {
    const set = await listeningProfile();
    const peer = await joined(set);
    peer.write(control(HELLO));
    await until("it has its place", () => status(set.profile).daemons.length === 1);
    const lost = mirai(() => 1, undefined, { profile: set.profile });
    if (title.startsWith("half")) peer.end(bytes);
    else peer.write(bytes);
    await closed(peer);
    await until("its place is gone", () => status(set.profile).daemons.length === 0);
    expect(lost.state).toBe("queued"); // it was never ready for one
    await stillServes(set);
    expect(await lost).toBe(1);
  });

  test("an executor's stream of garbage costs the executor, and the daemon when it does not confirm its end", async () => {
    const set = await listeningProfile();
    const peer = await joined(set);
    peer.resume();
    peer.write(Buffer.concat([control(HELLO), message(2, 1, "no frame at all")]));
    await closed(peer);
    await until("its place is gone", () => status(set.profile).daemons.length === 0);
    await stillServes(set);
  });

  test("one that goes silent is given up after patienceMs; its task fails with 19, or is retried where that was asked for", async () => {
    const set = await listeningProfile({ heartbeatMs: 100, patienceMs: 1000 });
    const peer = await joined(set);
    peer.pause();
    peer.write(Buffer.concat([control(HELLO), message(2, 1, readyFrame())]));
    await set.connected(1);
    const lost = mirai(() => 1, undefined, { profile: set.profile }).settled();
    const outcome = await lost;
    expect(outcome).toMatchObject({ ok: false, error: { errorValue: 19 } });
    expect((outcome as { error: Error }).error.message).toMatch(/nothing was heard/);
  });

  test("one that never reads does not stop others", async () => {
    const set = await listeningProfile({ heartbeatMs: 100, patienceMs: 60_000 });
    const peer = await joined(set);
    peer.pause();
    peer.write(Buffer.concat([control(HELLO), message(2, 1, readyFrame())]));
    await set.connected(1);
    const stuck = mirai((bytes: Uint8Array) => bytes.length, new Uint8Array(50_000_000), { profile: set.profile });
    await until("it was given to the peer that does not read", () => stuck.state === "running");
    void dialIn(set);
    expect(await mirai(() => "others", undefined, { profile: set.profile })).toBe("others");
    peer.destroy();
    expect((await stuck.settled()).ok).toBe(false);
  });
});

/** `ready`, as an executor says it. */
function readyFrame(): Uint8Array {
  // { "type": "ready" } as MessagePack, in an envelope, in a frame.
  const header = Buffer.from([0x81, 0xa4, ...Buffer.from("type"), 0xa5, ...Buffer.from("ready")]);
  const frame = Buffer.alloc(16);
  frame.writeUInt16BE(0x5459, 0);
  frame.writeUInt32BE(8 + header.length, 4);
  frame.writeUInt32BE(header.length, 8);
  return Buffer.concat([frame, header]);
}

describe("WebSocket doors", () => {
  test("only the URL's path, and nobody with an Origin", async () => {
    const set = await listeningProfile({ url: "ws://127.0.0.1:0/yard" });
    const refused = async (address: string, origin?: string): Promise<string> => {
      const socket = new WebSocket(address, origin === undefined ? {} : { origin });
      const [error] = (await once(socket, "error")) as [Error];
      return error.message;
    };
    expect(await refused(set.url.replace("/yard", "/other"))).toMatch(/404/);
    expect(await refused(set.url, "https://evil.example")).toMatch(/404/);
    const response = await fetch(set.url.replace("ws:", "http:"));
    expect(response.status).toBe(404);
    await stillServes(set);
  });
});

describe("TLS", () => {
  test("a certificate made for the profile: of this host, valid now, pinned by the token", async () => {
    const { cert } = selfSigned("127.0.0.1", 10);
    const read = new X509Certificate(cert);
    expect(read.checkIP("127.0.0.1")).toBe("127.0.0.1");
    expect(read.verify(read.publicKey)).toBe(true);
    expect(read.ca).toBe(false);
    expect(Date.parse(read.validTo) - Date.parse(read.validFrom)).toBe(11 * 86_400_000);
    expect(new X509Certificate(selfSigned("::1", 1).cert).checkIP("::1")).toBe("::1");
    expect(new X509Certificate(selfSigned("yard.example", 1).cert).checkHost("yard.example")).toBe("yard.example");
  });

  test("M-109: each profile has its own; a token with another fingerprint is refused before anything is sent", async () => {
    const set = await listeningProfile({ url: "tls+tcp://127.0.0.1:0" });
    const other = await listeningProfile({ url: "tls+tcp://127.0.0.1:0" });
    const right = parseToken(set.token);
    const wrong = parseToken(other.token);
    const token = formatToken({ secret: right.secret, fingerprint: wrong.fingerprint });
    await expect(daemon(set.url, { token, retryMs: 60_000 })).rejects.toMatchObject({
      code: "refused",
      message: expect.stringMatching(/certificate/),
    });
    await stillServes(set);
  });

  test("M-109: own certificate with an encrypted key; daemons trust its authority, or not", async () => {
    const { cert, key } = selfSigned("127.0.0.1", 10);
    const folder = mkdtempSync(join(tmpdir(), "trainyard-tls-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const encrypted = createPrivateKey(key).export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "open sesame" });
    const [certFile, keyFile] = [join(folder, "cert.pem"), join(folder, "key.pem")];
    writeFileSync(certFile, cert);
    writeFileSync(keyFile, encrypted);
    const url = "tls+tcp://127.0.0.1:0";
    const set = await listeningProfile({ url, tls: { cert: certFile, key: keyFile, passphrase: () => "open sesame" } });
    expect(parseToken(set.token).fingerprint).toBe(null);
    await expect(daemon(set.url, { token: set.token, retryMs: 60_000 })).rejects.toMatchObject({ code: "refused" });
    void dialIn(set, { tls: { ca: certFile } });
    expect(await mirai(() => "trusted", undefined, { profile: set.profile })).toBe("trusted");

    const refuse = (tls: { cert: string; key: string; passphrase?: string }, message: RegExp): void => {
      expect(() => daemons({ url, profile: "no-tls", tls })).toThrow(message);
      expect(daemonsSet("no-tls")).toBe(false);
    };
    refuse({ cert: certFile, key: keyFile }, /passphrase/);
    refuse({ cert: certFile, key: keyFile, passphrase: "guess" }, /passphrase/);
    refuse({ cert: certFile, key: selfSigned("127.0.0.1", 10).key }, /does not belong/);
    refuse({ cert: join(folder, "none.pem"), key: keyFile }, /cannot be read/);
  });

  test.each([
    ["that is of another name", () => selfSigned("elsewhere.example", 10)],
    ["that has expired", () => selfSigned("127.0.0.1", -0.5)],
  ])("a certificate %s is refused, though its authority is trusted", async (_, make) => {
    const { cert, key } = make();
    const set = await listeningProfile({ url: "tls+tcp://127.0.0.1:0", tls: { cert, key } });
    await expect(daemon(set.url, { token: set.token, tls: { ca: cert }, retryMs: 60_000 })).rejects.toMatchObject({ code: "refused" });
  });

  test("a stranger who speaks no TLS, or stops in the middle of it, is dropped", async () => {
    const set = await listeningProfile({ url: "tls+tcp://127.0.0.1:0" });
    const socket = await stranger(set);
    socket.write("TYJOIN1\n".padEnd(100, "x"));
    await closed(socket);
    const quiet = tlsConnect({ port: portOf(set), host: "127.0.0.1", rejectUnauthorized: false });
    quiet.on("error", () => {});
    await once(quiet, "secureConnect");
    expect(fingerprintOf(quiet.getPeerCertificate().raw)).toEqual(parseToken(set.token).fingerprint);
    quiet.destroy();
    await stillServes(set);
  });

  test("a join token of before needs a certificate of before", async () => {
    const first = await listeningProfile();
    expect(() => daemons({ url: "tls+tcp://127.0.0.1:0", joinToken: first.token, profile: "no-token" })).toThrow(/own certificate/);
  });
});
