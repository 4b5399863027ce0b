import { request } from "node:https";
import { describe, expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { testCertificate } from "../support/certificate.ts";
import { runCli, startServer } from "../support/cli.ts";
import { TestClient, toBytes } from "../support/live-client.ts";
import { InlineProfile, ScriptedRunner, temporaryFolder, testServer } from "../support/live-server.ts";

const TOKEN = "a token for the network";
const tls = testCertificate(temporaryFolder(), ["yard.example", "*.yard.example", "127.0.0.1"]);
const ca = tls.cert;
const script = new ScriptedRunner();
const parts = { runner: script.runner, dataProfile: new InlineProfile() };
const server = await testServer({ host: "0.0.0.0", token: TOKEN, tls, parts });

/** One answer over HTTPS, with the headers given, whatever name is in them. */
function get(path: string, headers: Record<string, string> = {}, port = server.port) {
  return new Promise<{ status: number; headers: Record<string, unknown>; body: string }>((resolve, reject) => {
    const asked = request({ host: "127.0.0.1", port, path, ca, headers, checkServerIdentity: () => undefined }, (response) => {
      let body = "";
      response.on("data", (piece: Buffer) => (body += piece.toString()));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
    });
    asked.on("error", reject);
    asked.end();
  });
}

describe("over TLS, on every address of the machine", () => {
  test("a whole conversation: hello, token, session, table, job, result", async () => {
    const client = await TestClient.open(server, { ca });
    await client.event("ready");
    await client.result("auth", { token: TOKEN });
    await client.result("session.create", { name: "far" });
    const { data_handle } = await client.result("data.upload", { name: "t", format: "csv" }, Buffer.from("a,b\n1,2\n3,4\n5,6\n7,8\n"));
    const { job_id } = await client.result("train", { data_handle, algorithm: "GLMNET" });
    (await script.run(1)).finish();
    await client.event("job.complete", (data) => data.job_id === job_id);
    expect(await client.result("job.result", { job_id, slice: "report" })).toMatchObject({ algorithm: "GLMNET" });
    await client.close();
  });

  test("the address is https, with a name of the certificate where it listens on all of them", () => {
    expect(server.url).toBe(`https://yard.example:${server.port}/`);
  });

  test("without TLS nothing is answered, and a client that does not know the certificate goes away", async () => {
    await expect(fetch(`http://127.0.0.1:${server.port}/healthz`)).rejects.toThrow();
    await expect(TestClient.open(server)).rejects.toThrow();
    const other = testCertificate(temporaryFolder(), ["127.0.0.1"]);
    await expect(TestClient.open(server, { ca: other.cert })).rejects.toThrow(/self-signed|certificate/);
  });

  test("it answers to its own names only, with its port or behind a forwarded one without", async () => {
    for (const host of [`yard.example:${server.port}`, "YARD.example", `127.0.0.1:${server.port}`, `localhost:${server.port}`]) {
      expect((await get("/healthz", { Host: host })).status, host).toBe(200);
    }
    for (const host of [`evil.example:${server.port}`, "evil.example", "yard.example:1", `a.yard.example:${server.port}`]) {
      expect((await get("/healthz", { Host: host })).status, host).toBe(403);
    }
  });

  test.each([
    ["of our own page", (port: number) => `https://yard.example:${port}`, true],
    ["of our page at a loopback name", (port: number) => `https://localhost:${port}`, true],
    ["of our name without TLS", (port: number) => `http://yard.example:${port}`, false],
    ["of our name at another port", () => "https://yard.example", false],
    ["of another site", () => "https://evil.example", false],
  ])("an origin %s: %#", async (_, originAt, isAllowed) => {
    const origin = originAt(server.port);
    const opening = TestClient.open(server, { ca, origin });
    if (isAllowed) await (await opening).close();
    else await expect(opening).rejects.toThrow("HTTP 403");
    const stream = new WebSocket(`wss://127.0.0.1:${server.port}/api/v2/stream?token=${encodeURIComponent(TOKEN)}`, { ca, origin });
    stream.on("error", () => {});
    const status = await new Promise((resolve) => {
      stream.once("open", () => resolve(101));
      stream.once("unexpected-response", (_request, response) => resolve(response.statusCode));
    });
    stream.terminate();
    expect(status).toBe(isAllowed ? 101 : 403);
  });

  test("the page may connect over TLS only; strict transport is said where the operator wants it, not otherwise", async () => {
    const { headers } = await get("/");
    expect(headers["content-security-policy"]).toContain(`connect-src 'self' wss://127.0.0.1:${server.port};`);
    expect(headers).not.toHaveProperty("strict-transport-security");
    const strict = await testServer({ tls, hsts: true });
    expect(strict.url).toBe(`https://127.0.0.1:${strict.port}/`);
    expect((await get("/", {}, strict.port)).headers["strict-transport-security"]).toBe("max-age=31536000");
  });

  test("a stranger may not send more than 64 kB here either", async () => {
    const client = await TestClient.open(server, { ca });
    client.send(toBytes({ method: "ping" }, Buffer.alloc(100_000)));
    await client.closed;
  });
});

describe("the command line", () => {
  test("--tls-cert, --tls-key and a passphrase from the environment: https is printed and answers", async () => {
    const folder = temporaryFolder();
    const locked = testCertificate(folder, ["127.0.0.1"], { passphrase: "open sesame" });
    const args = ["--tls-cert", locked.certFile, "--tls-key", locked.keyFile, "--tls-passphrase-env", "YARD_KEY"];
    const process = await startServer({ dataDir: folder, args, env: { YARD_KEY: "open sesame" } });
    onTestFinished(() => process.end());
    const { port, protocol } = new URL(process.address);
    expect(protocol).toBe("https:");
    const client = await TestClient.open({ port: Number(port), token: process.token }, { ca: locked.cert });
    await client.result("auth", { token: process.token });
    await client.close();
  });

  test.each([
    [["--host", "0.0.0.0"], /TLS and a token are needed/],
    [["--tls-cert", "a.pem"], /both --tls-cert and --tls-key/],
    [["--tls-cert", "a.pem", "--tls-key", "b.pem", "--tls-passphrase-env", "NO_SUCH_VARIABLE"], /no environment variable NO_SUCH_VARIABLE/],
    [["--tls-cert", "no.pem", "--tls-key", "no.pem"], /certificate no\.pem cannot be read/],
  ])("%j says what is missing and starts nothing", async (args, message) => {
    const { status, stderr } = await runCli(["serve", "--port", "0", "--data-dir", temporaryFolder(), ...args]);
    expect(status).toBe(2);
    expect(stderr).toMatch(message);
  });
});
