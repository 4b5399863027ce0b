import { TrainyardError } from "../core/errors.ts";

/** What is needed of a WebSocket: the browser's own, or the `ws` package's in Node. */
export interface TextSocket {
  readonly readyState: number;
  send(text: string): void;
  close(code?: number): void;
  onmessage: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
}
export type TextSocketConstructor = new (url: string, protocols: string[]) => TextSocket;

/** What the server says first. */
export interface Welcome {
  readonly sessionId: string;
  readonly resumeToken: string | null;
  readonly isResumed: boolean;
  readonly features: readonly string[];
}

export interface OpenSocket {
  readonly welcome: Welcome;
  send(text: string): void;
  close(): void;
}

export interface OpenOptions {
  readonly WebSocket: TextSocketConstructor;
  readonly apiKey: string;
  readonly resumeToken: string | null;
  /** Time to the welcome. Default 10,000. */
  readonly openMs?: number;
  /** Called within the turn in which the welcome came, before any other message. */
  readonly onOpen: (socket: OpenSocket) => void;
  readonly onText: (text: string) => void;
  readonly onClose: (code: number, reason: string) => void;
}

const OPEN_MS = 10_000;

/**
 * Opens a socket and reads the welcome. The key travels as a subprotocol, because pages cannot set headers.
 * @throws {TrainyardError} `refused` when the platform tells of a 401 or 403, else `unavailable`.
 */
export function openTextSocket(url: string, options: OpenOptions): Promise<OpenSocket> {
  const { WebSocket, apiKey, resumeToken, openMs = OPEN_MS, onOpen, onText, onClose } = options;
  const protocols = ["trainyard.textgrad", `key.${base64Url(apiKey)}`, ...(resumeToken === null ? [] : [`resume.${resumeToken}`])];
  return new Promise((resolve, reject) => {
    let socket: TextSocket;
    try {
      socket = new WebSocket(url, protocols);
    } catch (cause) {
      reject(new TrainyardError("unavailable", `The address ${url} cannot be opened.`, { cause }));
      return;
    }
    let isWelcome = false;
    let failure: TrainyardError | null = null;
    const timer = setTimeout(() => {
      failure = new TrainyardError("timeout", `The server at ${url} did not greet within ${openMs / 1000} s.`, { retryable: true });
      socket.close();
      reject(failure);
    }, openMs);
    socket.onerror = (event: { message?: unknown }): void => {
      const said = typeof event.message === "string" ? event.message : "the connection failed";
      const isRefused = /\b40[13]\b/.test(said);
      failure ??= new TrainyardError(isRefused ? "refused" : "unavailable", isRefused ? "The server refuses the key." : said);
    };
    socket.onclose = (event: { code?: number; reason?: string }): void => {
      clearTimeout(timer);
      if (isWelcome) onClose(event.code ?? 1006, event.reason ?? "");
      else reject(failure ?? new TrainyardError("unavailable", `The connection closed before the welcome (${event.code ?? 1006}).`));
    };
    socket.onmessage = (event: { data: unknown }): void => {
      if (isWelcome) {
        onText(String(event.data));
        return;
      }
      clearTimeout(timer);
      const welcome = maybeWelcome(String(event.data));
      if (welcome === null) {
        failure = new TrainyardError("unavailable", `What answers at ${url} does not speak this protocol.`);
        socket.close();
        return;
      }
      isWelcome = true;
      const send = (text: string): void => {
        if (socket.readyState === 1) socket.send(text);
      };
      const open = { send, close: () => socket.close(1000), welcome };
      onOpen(open);
      resolve(open);
    };
  });
}

function maybeWelcome(text: string): Welcome | null {
  let result: Readonly<Record<string, unknown>>;
  try {
    result = (JSON.parse(text) as { result: Readonly<Record<string, unknown>> }).result;
  } catch {
    return null;
  }
  if (typeof result?.session_id !== "string") return null;
  return {
    sessionId: result.session_id,
    resumeToken: typeof result.resume_token === "string" ? result.resume_token : null,
    isResumed: result.resumed === true,
    features: Array.isArray(result.features) ? result.features.map(String) : [],
  };
}

function base64Url(text: string): string {
  const bytes = new TextEncoder().encode(text);
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}
