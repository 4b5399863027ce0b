import { InvalidArgumentError } from "../core/errors.ts";

/** Pages that may connect besides our own. */
export const DEFAULT_ORIGINS: readonly string[] = ["https://live.rtemis.org", "http://localhost:3000", "http://127.0.0.1:3000"];

/** Names under which a server over TLS is reached, besides those of this machine: its own address, and what its certificate is for. */
export interface OwnNames {
  readonly names: readonly string[];
  readonly isSecure: boolean;
}

/** Origins of our own page at those names, for the list of allowed ones. */
export function ownOrigins({ names, isSecure }: OwnNames, port: number): string[] {
  return [...names, ...LOOPBACK_NAMES].map((name) => `${isSecure ? "https" : "http"}://${name}:${port}`);
}

/** Names under which this machine reaches itself. */
const LOOPBACK_NAMES: readonly string[] = ["127.0.0.1", "localhost", "[::1]"];

/** The configured list, trimmed; null gives the defaults. @throws {InvalidArgumentError} */
export function toOrigins(configured: unknown): readonly string[] {
  if (configured === null || configured === undefined) return DEFAULT_ORIGINS;
  if (!Array.isArray(configured)) throw new InvalidArgumentError("origins must be a list of texts, like http://localhost:3000");
  return configured.map((origin: unknown) => {
    const trimmed = typeof origin === "string" ? origin.trim().replace(/\/+$/, "") : "";
    if (trimmed === "") throw new InvalidArgumentError(`origins has an entry that is empty or not a text: ${JSON.stringify(origin)}`);
    return trimmed;
  });
}

/** Whether a browser page of this origin may connect: exact, case-sensitive match; our own page always may. */
export function isAllowedOrigin(origin: string | undefined, allowed: readonly string[], port: number): boolean {
  if (origin === undefined || origin === "") return false;
  return allowed.includes(origin) || LOOPBACK_NAMES.some((name) => origin === `http://${name}:${port}`);
}

/** Whether a request was really meant for this server: a loopback name, or one of our own over TLS, with our port. Anything else may be DNS rebinding. */
export function isAllowedHost(host: string | undefined, port: number, own: OwnNames = NO_OTHER_NAMES): boolean {
  const given = host?.toLowerCase();
  if (given === undefined) return false;
  if (LOOPBACK_NAMES.some((name) => given === `${name}:${port}`)) return true;
  // Behind a forwarded port 443 a browser leaves the port out.
  return own.isSecure && own.names.some((name) => given === `${name}:${port}` || given === name);
}

const NO_OTHER_NAMES: OwnNames = { names: [], isSecure: false };
