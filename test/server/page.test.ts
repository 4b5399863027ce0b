import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder, testServer } from "../support/live-server.ts";

const pageDir = temporaryFolder();
mkdirSync(join(pageDir, "assets"));
writeFileSync(join(pageDir, "index.html"), "<!doctype html><title>Trainyard</title>");
writeFileSync(join(pageDir, "assets", "main-abc123.js"), "export {};");
writeFileSync(join(pageDir, "..secret"), "kept");
const { url } = await testServer({ pageDir });
const at = (path: string, init: RequestInit = {}) => fetch(new URL(path, url), init);

test("the page answers at every address of a view, asked for anew each time", async () => {
  for (const path of ["/", "/jobs/job-1", "/index.html", "/data?x=1"]) {
    const answer = await at(path);
    expect([answer.status, answer.headers.get("content-type"), answer.headers.get("cache-control")]).toEqual([
      200,
      "text/html; charset=utf-8",
      "no-cache",
    ]);
    expect(await answer.text()).toContain("Trainyard");
  }
});

test("files with a hash in their name are kept for ever; a missing file is 404, not the page", async () => {
  const script = await at("/assets/main-abc123.js");
  expect(script.headers.get("content-type")).toBe("text/javascript; charset=utf-8");
  expect(script.headers.get("cache-control")).toContain("immutable");
  expect((await at("/assets/main-old.js")).status).toBe(404);
});

test("HEAD has the headers and no body", async () => {
  const head = await at("/", { method: "HEAD" });
  expect(head.headers.get("content-length")).toBe("39");
  expect(await head.text()).toBe("");
});

test("without a built page the answer says how to build it", async () => {
  const bare = await testServer({ pageDir: temporaryFolder() });
  const answer = await fetch(bare.url);
  expect([answer.status, await answer.text()]).toEqual([404, expect.stringContaining("npm run build")]);
});
