import { InvalidArgumentError, messageOf, TrainyardError } from "../../core/errors.ts";
import { type JoinCommandOptions, joinCommand } from "../remote/join-command.ts";
import type { Launch, Launcher } from "./launcher.ts";

/** A value, or a function that is asked at each launch, so that credentials are fresh. It gets `extra`. */
type Fresh<T, Extra extends readonly unknown[]> = T | ((...extra: Extra) => T | Promise<T>);

export interface HttpOptions<Extra extends readonly unknown[] = readonly unknown[]> extends JoinCommandOptions {
  readonly url: Fresh<string, Extra>;
  /** Default POST. */
  readonly method?: string;
  readonly headers?: Fresh<Readonly<Record<string, string>>, Extra>;
  /** The request's body. `%s` in it becomes the daemon's command, escaped for a JSON text: `{"command": "%s"}`. */
  readonly data: Fresh<string, Extra>;
  /** Sent as `Cookie`. */
  readonly cookie?: Fresh<string, Extra>;
  /** Sent as `Authorization: Bearer …`. */
  readonly bearer?: Fresh<string, Extra>;
  /** What the functions get. */
  readonly extra?: Extra;
  /** For each request. Default 5000. */
  readonly timeoutMs?: number;
}

const PLACE = "%s";
const ANSWER_LIMIT = 65_536;

/** Asks a server to start daemons: one request each. An answer other than 2xx is a failure. */
export function http<const Extra extends readonly unknown[] = readonly []>(options: HttpOptions<Extra>): Launcher {
  if (typeof options.data === "string") assertPlace(options.data);
  return {
    name: "http",
    count: 1,
    launches: async ({ url, token, n }) => {
      const request = await requestOf(options, joinCommand(url, token, options));
      return Array.from({ length: n }, () => request);
    },
  };
}

async function requestOf<Extra extends readonly unknown[]>(options: HttpOptions<Extra>, command: string): Promise<Launch> {
  const extra = (options.extra ?? []) as unknown as Extra;
  const fresh = async <T>(value: Fresh<T, Extra>): Promise<T> =>
    typeof value === "function" ? await (value as (...given: Extra) => T | Promise<T>)(...extra) : value;
  const { method = "POST", timeoutMs = 5000 } = options;
  const target = await fresh(options.url);
  const data = await fresh(options.data);
  assertPlace(data);
  const headers: Record<string, string> = { "content-type": "application/json", ...(await fresh(options.headers ?? {})) };
  if (options.cookie !== undefined) headers.cookie = await fresh(options.cookie);
  if (options.bearer !== undefined) headers.authorization = `Bearer ${await fresh(options.bearer)}`;
  const escaped = JSON.stringify(command).slice(1, -1);
  const body = data.split(PLACE).join(escaped);
  const run = (): Promise<string> => send(target, { method, headers, body, signal: AbortSignal.timeout(timeoutMs) });
  return { daemons: 1, text: `${method} ${target}\n${body}`, argv: null, mode: "submit", run };
}

async function send(url: string, request: RequestInit): Promise<string> {
  const answer = await fetch(url, request).then(
    async (response) => ({ isDone: response.ok, status: response.status, text: (await response.text()).slice(0, ANSWER_LIMIT) }),
    (cause: unknown) => {
      throw new TrainyardError("unavailable", `launcher "http": ${url} could not be asked: ${messageOf(cause)}`, {
        cause,
        details: { launcher: "http" },
      });
    },
  );
  if (answer.isDone) return answer.text;
  const details = { launcher: "http", status: answer.status };
  throw new TrainyardError("unavailable", `launcher "http": ${url} answered ${answer.status}: ${answer.text.slice(0, 500)}`, { details });
}

function assertPlace(data: string): void {
  if (!data.includes(PLACE))
    throw new InvalidArgumentError(`data must have a %s where the daemon's command goes, in ${JSON.stringify(data.slice(0, 200))}`);
}
