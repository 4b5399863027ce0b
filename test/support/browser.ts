import { createRequire } from "node:module";
import { type Browser, chromium, type Page } from "playwright-core";
import { expect } from "vitest";

const AXE_FILE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

/** A real Chromium; `npm test` says where it is. */
export async function openBrowser(): Promise<Browser> {
  const executablePath = process.env.CHROMIUM_PATH;
  if (executablePath === undefined) throw new Error("CHROMIUM_PATH is not set; run browser tests through npm test");
  return chromium.launch({
    executablePath,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

export interface WatchedPage {
  readonly page: Page;
  /** What the console and failed requests said; a test ends by expecting nothing. */
  readonly complaints: readonly string[];
}

/** A page whose console and network are listened to. Requests to anywhere but this machine are complaints. */
export async function openPage(browser: Browser, options: { colorScheme?: "light" | "dark"; width?: number } = {}): Promise<WatchedPage> {
  const context = await browser.newContext({
    viewport: { width: options.width ?? 1440, height: 900 },
    colorScheme: options.colorScheme ?? "light",
    acceptDownloads: true,
    reducedMotion: "reduce",
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(`console ${message.type()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => complaints.push(`uncaught: ${error.message}`));
  page.on("request", (request) => {
    const { hostname, protocol } = new URL(request.url());
    if (/^https?:|^wss?:/.test(protocol) && hostname !== "127.0.0.1") complaints.push(`request to ${request.url()}`);
  });
  return { page, complaints };
}

/** Nothing that axe knows is wrong with the page as it stands. */
export async function expectAccessible(page: Page): Promise<void> {
  // Through the debugger, not a script tag: the page's own policy allows no foreign script.
  await page.evaluate(await import("node:fs").then(({ readFileSync }) => readFileSync(AXE_FILE, "utf8")));
  const violations = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: { run(): Promise<{ violations: { id: string; nodes: { target: unknown; failureSummary: string }[] }[] }> };
    };
    const result = await axe.run();
    return result.violations.map(
      ({ id, nodes }) =>
        `${id}: ${nodes
          .slice(0, 3)
          .map((node) => `${JSON.stringify(node.target)} ${node.failureSummary}`)
          .join("; ")}`,
    );
  });
  expect(violations, `axe on ${page.url()}`).toEqual([]);
}
