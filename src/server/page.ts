import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { extname, join, normalize, sep } from "node:path";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".woff2": "font/woff2",
  ".wasm": "application/wasm",
  ".txt": "text/plain; charset=utf-8",
  ".csv": "text/csv; charset=utf-8",
  ".webmanifest": "application/manifest+json",
};

/** Everything the page needs comes from here, and nothing else may load or run. */
function contentPolicy(host: string, isSecure: boolean): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data: blob:",
    "font-src 'self'",
    `connect-src 'self' ${isSecure ? "wss" : "ws"}://${host}`,
    "manifest-src 'self'",
    "worker-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
}

/** Headers that every answer has. `hsts`: browsers shall come over TLS only, for a year. */
export function securityHeaders(host: string, { isSecure = false, hsts = false } = {}): Readonly<Record<string, string>> {
  return {
    ...(isSecure && hsts ? { "Strict-Transport-Security": "max-age=31536000" } : {}),
    "Content-Security-Policy": contentPolicy(host, isSecure),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
  };
}

/**
 * Serves the built page: files by name, `index.html` for every other path, because views have addresses. Files under `assets/`
 * have a hash in their name and may be kept for ever; the rest is asked for again each time.
 */
export async function servePage(pageDir: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = decodedPath(request.url ?? "/");
  const wanted = path === null ? null : normalize(join(pageDir, path));
  if (wanted === null || !(wanted === pageDir || wanted.startsWith(pageDir + sep))) {
    plain(response, 400, "That address cannot be read.\n");
    return;
  }
  const file = (await isFile(wanted)) ? wanted : join(pageDir, "index.html");
  if (file !== wanted && extname(wanted) !== "" && !wanted.endsWith(".html")) {
    plain(response, 404, "There is no such file.\n");
    return;
  }
  if (!(await isFile(file))) {
    plain(response, 404, "The page has not been built. Run `npm run build`, then reload.\n");
    return;
  }
  const isHashed = file.startsWith(join(pageDir, "assets") + sep);
  response.writeHead(200, {
    "Content-Type": TYPES[extname(file).toLowerCase()] ?? "application/octet-stream",
    "Content-Length": (await stat(file)).size,
    "Cache-Control": isHashed ? "public, max-age=31536000, immutable" : "no-cache",
  });
  if (request.method === "HEAD") response.end();
  else
    createReadStream(file)
      .on("error", () => response.destroy())
      .pipe(response);
}

export function plain(response: ServerResponse, status: number, text: string, headers: Readonly<Record<string, string>> = {}): void {
  response.writeHead(status, { "Content-Type": "text/plain; charset=utf-8", "Content-Length": Buffer.byteLength(text), ...headers });
  response.end(text);
}

function decodedPath(url: string): string | null {
  try {
    const path = decodeURIComponent(url.split(/[?#]/, 1)[0] ?? "/");
    return path.includes("\0") ? null : path;
  } catch {
    return null;
  }
}

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null))?.isFile() ?? false;
}
