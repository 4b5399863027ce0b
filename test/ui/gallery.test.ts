/** The built gallery in a real browser, under the page policy: what cannot be seen without one. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data: blob:; connect-src 'self'; worker-src 'self'; " +
  "manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const TYPES: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
};
const AXE = readFileSync(join(root, "node_modules/axe-core/axe.min.js"), "utf8");

let folder: string;
let server: Server;
let browser: Browser;
let address: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "trainyard-gallery-"));
  await build({
    configFile: join(root, "vite.config.ts"),
    logLevel: "error",
    build: { outDir: folder, emptyOutDir: true, rollupOptions: { input: join(root, "src/ui/gallery.html") } },
  });
  server = createServer((request, response) => {
    const path = join(folder, new URL(request.url ?? "/", "http://local").pathname.replaceAll("..", ""));
    if (!existsSync(path) || extname(path) === "") {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { "content-type": TYPES[extname(path)] ?? "application/octet-stream", "content-security-policy": POLICY });
    response.end(readFileSync(path));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/gallery.html`;
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM_PATH ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
}, 120_000);

afterAll(async () => {
  await browser?.close();
  await new Promise((resolve) => (server ? server.close(resolve) : resolve(null)));
  rmSync(folder, { recursive: true, force: true });
});

interface Opened {
  readonly page: Page;
  /** What the console said and what was asked for from elsewhere. */
  readonly noise: string[];
}

async function open(theme: "light" | "dark", width = 1440, height = 900): Promise<Opened> {
  const page = await browser.newPage({ viewport: { width, height } });
  const noise: string[] = [];
  page.on("console", (message) => noise.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => noise.push(`error: ${error.message}`));
  page.on("request", (request) => {
    if (!request.url().startsWith(new URL(address).origin) && !/^(data|blob):/.test(request.url())) noise.push(`request: ${request.url()}`);
  });
  await page.goto(`${address}?theme=${theme}`);
  await page.waitForSelector('[data-sample="Levels and small pictures"]');
  await page.evaluate(() => document.fonts.ready.then(() => undefined));
  return { page, noise };
}

/** Rule, and the first places where it is broken. */
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: { run: (options: object) => Promise<{ violations: { id: string; nodes: { html: string; failureSummary?: string }[] }[] }> };
    };
    const result = await axe.run({ resultTypes: ["violations"] });
    return result.violations.flatMap((rule) =>
      rule.nodes.slice(0, 3).map((node) => `${rule.id}: ${node.html.slice(0, 160)} — ${node.failureSummary ?? ""}`),
    );
  });
}

/** Waits until the chart of a sample has drawn. */
async function seen(page: Page, sample: string): Promise<void> {
  await page.locator(`[data-sample="${sample}"]`).scrollIntoViewIfNeeded();
  await page.waitForFunction((name) => {
    const canvas = document.querySelector<HTMLCanvasElement>(`[data-sample="${name}"] canvas`);
    const pixels = canvas?.getContext("2d")?.getImageData(0, 0, canvas.width, canvas.height).data;
    return pixels?.some((value, at) => at % 4 === 3 && value > 0) ?? false;
  }, sample);
}

describe.each(["light", "dark"] as const)("the %s theme", (theme) => {
  test("has no accessibility violation at three widths, and nothing to say on the console", async () => {
    const { page, noise } = await open(theme);
    expect(await violations(page)).toEqual([]);
    await page.setViewportSize({ width: 1024, height: 768 });
    expect(await violations(page)).toEqual([]);
    await page.setViewportSize({ width: 390, height: 800 });
    expect(await violations(page)).toEqual([]);
    expect(noise).toEqual([]);
    await page.close();
  }, 120_000);

  test("stays without violation with a dialog, messages, a menu and tables open", async () => {
    const { page, noise } = await open(theme);
    await page.getByRole("button", { name: "Show fault" }).click();
    // A pressed button is then called otherwise, so the first that is left is the next one.
    const left = page.getByRole("button", { name: /^Show .* as table$/ });
    while ((await left.count()) > 0) await left.first().click();
    await page.getByRole("button", { name: "All 13" }).click();
    expect(await violations(page)).toEqual([]);
    await page.getByRole("button", { name: "Open dialog" }).click();
    expect(await violations(page)).toEqual([]);
    await page.keyboard.press("Escape");
    await page.locator('[data-sample="Buttons"] [aria-haspopup="menu"]').click();
    expect(await violations(page)).toEqual([]);
    expect(noise).toEqual([]);
    await page.close();
  }, 120_000);

  test("shows one outlier among a million points at its value", async () => {
    const { page } = await open(theme);
    const sample = "Live lines, one outlier in a million";
    await seen(page, sample);
    const found = await page.evaluate((name) => {
      const canvas = document.querySelector<HTMLCanvasElement>(`[data-sample="${name}"] canvas`)!;
      const over = document.querySelector<HTMLElement>(`[data-sample="${name}"] .u-over`)!;
      const [box, plot] = [canvas.getBoundingClientRect(), over.getBoundingClientRect()];
      const left = Math.round(plot.left - box.left);
      const top = Math.round(plot.top - box.top);
      const data = canvas.getContext("2d")!.getImageData(left, top, Math.round(plot.width), Math.round(plot.height));
      const hex = getComputedStyle(document.documentElement).getPropertyValue("--series-1").trim();
      const want = [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
      for (let y = 0; y < data.height; y++) {
        for (let x = 0; x < data.width; x++) {
          const at = (y * data.width + x) * 4;
          const near = want.every((value, channel) => Math.abs(value - data.data[at + channel]!) < 40) && data.data[at + 3]! > 200;
          if (near) return { x: x / data.width, y, height: data.height };
        }
      }
      return null;
    }, sample);
    // The axis has 5 % of air above the highest value, which is the outlier, and 5 % below the lowest.
    expect(found).not.toBeNull();
    expect(Math.abs(found!.x - 0.612345)).toBeLessThan(0.002);
    expect(Math.abs(found!.y - found!.height / 22)).toBeLessThanOrEqual(1.5);
    await page.close();
  }, 60_000);
});

test("Tab reaches every control once, in order, and each shows where it is", async () => {
  const { page } = await open("light");
  const expected = await page.evaluate(() => {
    const all = [...document.querySelectorAll<HTMLElement>("button, input, select, a[href], [tabindex]")].filter((element) => {
      if (element.tabIndex < 0 || (element as HTMLButtonElement).disabled || element.getClientRects().length === 0) return false;
      if (!(element instanceof HTMLInputElement) || element.type !== "radio" || element.checked) return true;
      // A group of radio buttons is one stop: the chosen one.
      return document.querySelector(`input[name="${CSS.escape(element.name)}"]:checked`) === null;
    });
    all.forEach((element, at) => {
      element.dataset.stop = String(at);
    });
    return all.length;
  });
  expect(expected).toBeGreaterThan(60);
  const reached: string[] = [];
  const ringless: string[] = [];
  for (let press = 0; press < expected + 5; press++) {
    await page.keyboard.press("Tab");
    const stop = await page.evaluate(() => {
      const element = document.activeElement as HTMLElement | null;
      if (element === null || element === document.body) return null;
      const rings = [element, element.nextElementSibling, element.closest(".k-chips")];
      const hasRing = rings.some((candidate) => candidate !== null && getComputedStyle(candidate).outlineStyle === "solid");
      return {
        stop: element.dataset.stop ?? `unexpected ${element.outerHTML.slice(0, 120)}`,
        hasRing,
        html: element.outerHTML.slice(0, 120),
      };
    });
    if (stop === null) break;
    reached.push(stop.stop);
    if (!stop.hasRing) ringless.push(stop.html);
  }
  expect(reached).toEqual(Array.from({ length: expected }, (_, at) => String(at)));
  expect(ringless).toEqual([]);
  await page.close();
}, 60_000);

test("every button is at least 24 px in both directions", async () => {
  const { page } = await open("light");
  const small = await page.evaluate(() =>
    [
      ...document.querySelectorAll<HTMLElement>(
        'button, select, [role="gridcell"][tabindex], label.k-segment, label.k-switch, label.k-choice, input:not([type=radio], [type=checkbox], [type=file])',
      ),
    ]
      .filter((element) => element.getClientRects().length > 0)
      .map((element) => ({ box: element.getBoundingClientRect(), html: element.outerHTML.slice(0, 100) }))
      .filter(({ box }) => box.width < 24 || box.height < 24)
      .map(({ box, html }) => `${box.width} × ${box.height}: ${html}`),
  );
  expect(small).toEqual([]);
  await page.close();
});

test("the page never scrolls sideways, down to 320 px", async () => {
  const { page } = await open("light", 320, 640);
  for (const width of [320, 390, 640, 860, 1024]) {
    await page.setViewportSize({ width, height: 700 });
    await page.waitForTimeout(100); // charts follow their ResizeObserver a frame later
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
  }
  await page.close();
});

describe("a chart by keyboard", () => {
  test("arrows read values aloud, T swaps chart and table and keeps the focus there", async () => {
    const { page } = await open("light");
    await seen(page, "Live lines");
    const sample = page.locator('[data-sample="Live lines"]');
    await sample.locator(".c-plot").focus();
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowRight");
    await expect.poll(() => page.locator("[aria-live]").textContent()).toMatch(/^round 2, Fold 1, training, 0\.\d+/);
    expect(await sample.locator(".c-legend-at").textContent()).toBe("Round 2");
    await page.keyboard.press("t");
    await expect.poll(() => page.evaluate(() => document.activeElement?.closest(".c-table") !== null)).toBe(true);
    expect(await sample.getByRole("row").count()).toBeGreaterThan(5);
    await page.keyboard.press("t");
    await expect.poll(() => page.evaluate(() => document.activeElement?.classList.contains("c-plot"))).toBe(true);
    await page.close();
  }, 60_000);

  test("plus zooms around the middle and zero goes back", async () => {
    const { page } = await open("light");
    await seen(page, "Live lines");
    const sample = page.locator('[data-sample="Live lines"]');
    await sample.locator(".c-plot").focus();
    /** The round that the pointer reads at a quarter from the right end; rounds go from 1 to 240. */
    const read = async () => {
      const box = (await sample.locator(".u-over").boundingBox())!;
      await page.mouse.move(box.x + box.width * 0.75 - 2, box.y + 40);
      await page.mouse.move(box.x + box.width * 0.75, box.y + 40);
      return Math.round(Number((await sample.locator(".c-legend-at").textContent())?.replace("Round ", "")));
    };
    await expect.poll(read).toBe(180);
    await page.keyboard.press("+");
    await expect.poll(read).toBe(158);
    await page.keyboard.press("-");
    await expect.poll(read).toBe(180);
    await page.keyboard.press("+");
    await page.keyboard.press("+");
    await expect.poll(read).toBe(144);
    await page.keyboard.press("0");
    await expect.poll(read).toBe(180);
    await page.close();
  }, 60_000);

  test("the grid of folds walks by arrows and opens a cell by Enter", async () => {
    const { page } = await open("light");
    await page.locator('[role="grid"] [tabindex="0"]').focus();
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowDown");
    expect(await page.evaluate(() => document.activeElement?.getAttribute("aria-label"))).toMatch(/^Fold 2, candidate 2, .*: AUC 0\.\d+/);
    await page.keyboard.press("Enter");
    await page.getByText("Fold 2, candidate 2: done").first().waitFor();
    await page.close();
  }, 60_000);
});

test("a stream grows the picture, and the axes only outwards", async () => {
  const { page, noise } = await open("light");
  const sample = page.locator('[data-sample="Live lines, streaming"]');
  await seen(page, "Live lines, streaming");
  await sample.getByRole("button", { name: "Start a stream" }).click();
  const latest = sample.locator(".c-legend-value").first();
  const before = await latest.textContent();
  await expect.poll(() => latest.textContent()).not.toBe(before);
  await sample.getByRole("button", { name: "Stop the stream" }).click();
  expect(noise).toEqual([]);
  await page.close();
}, 60_000);

test("a chart saves its numbers and its picture", async () => {
  const { page } = await open("dark");
  const sample = page.locator('[data-sample="ROC"]');
  const save = async (item: string) => {
    await sample.getByRole("button", { name: "Export ROC" }).click();
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("menuitem", { name: item }).click()]);
    return { name: download.suggestedFilename(), bytes: readFileSync(await download.path()) };
  };
  const csv = await save("Numbers as CSV");
  expect(csv.name).toBe("roc.csv");
  expect(csv.bytes.toString().split("\n")[0]).toBe("Class,Fold,False positive rate,True positive rate");
  const svg = await save("Picture as SVG");
  expect(svg.bytes.toString()).toMatch(/^<svg .*<title>ROC<\/title>/);
  expect(svg.bytes.toString()).not.toContain("var(");
  const png = await save("Picture as PNG");
  expect([...png.bytes.subarray(0, 4)]).toEqual([0x89, 0x50, 0x4e, 0x47]);
  expect(png.bytes.length).toBeGreaterThan(5000);
  await page.close();
}, 60_000);

test("with forced colours the marks keep theirs, and with reduced motion nothing moves", async () => {
  const { page } = await open("light");
  await page.emulateMedia({ forcedColors: "active", reducedMotion: "reduce" });
  const styles = await page.evaluate(() => {
    const read = (selector: string) => getComputedStyle(document.querySelector(selector)!);
    return {
      line: read('[data-sample="ROC"] .c-line').stroke,
      cell: read(".c-cell.is-done").backgroundColor,
      progress: read(".k-progress-bar").backgroundColor,
      track: read(".k-progress-track").backgroundColor,
      spinner: Number.parseFloat(read(".k-spinner").animationDuration),
      running: Number.parseFloat(read(".c-cell.is-running").animationDuration),
    };
  });
  expect(styles.line).toBe("rgb(76, 81, 199)");
  expect(styles.cell).toMatch(/oklab/);
  expect(styles.progress).not.toBe(styles.track);
  expect(styles.spinner).toBeLessThan(0.01);
  expect(styles.running).toBeLessThan(0.01);
  await page.close();
});
