import { readFileSync } from "node:fs";
import type { SecureContextOptions } from "node:tls";
import { InvalidArgumentError, messageOf } from "../../core/errors.ts";
import { fingerprintOf, isPair, selfSigned } from "./certificate.ts";

/** A host's own certificate. Texts are PEM, or names of files with it. */
export interface HostTls {
  /** The certificate, and after it those of its authorities up to the root. */
  readonly cert: string;
  readonly key: string;
  /** Of an encrypted key; a function is asked once. */
  readonly passphrase?: string | (() => string);
}

/** What a daemon trusts beside the system's authorities. */
export interface DaemonTls {
  /** Certificates of authorities: PEM, or the name of a file with it. */
  readonly ca: string;
}

/** What a server needs, and what daemons are told to expect: null when authorities vouch for it. */
export interface HostCredentials {
  readonly context: SecureContextOptions;
  readonly fingerprint: Buffer | null;
}

/** A profile does not outlive a process; ten years are longer than that. */
const GENERATED_DAYS = 3650;

/** Without `own` a certificate for this profile alone. @throws {InvalidArgumentError} for files and texts that are none, or do not belong together. */
export function hostCredentials(host: string, own: HostTls | undefined): HostCredentials {
  if (own === undefined) {
    const made = selfSigned(host, GENERATED_DAYS);
    return { context: { ...made, minVersion: "TLSv1.3" }, fingerprint: fingerprintOf(made.cert) };
  }
  const cert = pemOf("tls.cert", own.cert);
  const key = pemOf("tls.key", own.key);
  const passphrase = typeof own.passphrase === "function" ? own.passphrase() : own.passphrase;
  const secret = passphrase === undefined ? {} : { passphrase };
  let fits: boolean;
  try {
    fits = isPair(cert, { key, format: "pem", ...secret });
  } catch (cause) {
    const hint = passphrase === undefined ? "; if it is encrypted, give tls.passphrase" : "; is the passphrase right?";
    throw new InvalidArgumentError(`tls.cert or tls.key cannot be read: ${messageOf(cause)}${hint}`, { cause });
  }
  if (!fits) throw new InvalidArgumentError("tls.key does not belong to tls.cert");
  return { context: { cert, key, ...secret, minVersion: "TLSv1.2" }, fingerprint: null };
}

/** PEM as it is, or from a file. @throws {InvalidArgumentError} that names the option. */
export function pemOf(option: string, text: string): string {
  if (typeof text !== "string") throw new InvalidArgumentError(`${option} must be PEM or the name of a file with it, not ${typeof text}`);
  if (text.includes("-----BEGIN")) return text;
  let content: string;
  try {
    content = readFileSync(text, "utf8");
  } catch (cause) {
    throw new InvalidArgumentError(`${option}: "${text}" cannot be read: ${messageOf(cause)}`, { cause });
  }
  if (content.includes("-----BEGIN")) return content;
  throw new InvalidArgumentError(`${option}: "${text}" holds no PEM`);
}
