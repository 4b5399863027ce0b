import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import { createSecureContext } from "node:tls";
import { InvalidArgumentError, messageOf } from "../core/errors.ts";

/** Where the certificate is. */
export interface TlsFiles {
  /** PEM: the server's certificate first, then those between it and its authority. */
  readonly certFile: string;
  /** PEM: the private key, encrypted or not. */
  readonly keyFile: string;
  /** Opens an encrypted key. */
  readonly passphrase?: string;
}

/** A certificate and its key, read and known to belong together. */
export interface TlsIdentity {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly passphrase?: string;
  /** Names and addresses that the certificate is for, as they stand in a Host header; those with a `*` are left out. */
  readonly names: readonly string[];
}

/** Reads both files. @throws {InvalidArgumentError} naming the file and what is wrong with it: missing, no PEM, another key, expired. */
export function readTls({ certFile, keyFile, passphrase }: TlsFiles, now = Date.now()): TlsIdentity {
  const cert = read(certFile, "certificate");
  const key = read(keyFile, "private key");
  const secret = passphrase === undefined ? {} : { passphrase };
  let leaf: X509Certificate;
  try {
    leaf = new X509Certificate(cert);
  } catch (error) {
    throw new InvalidArgumentError(`The certificate ${certFile} cannot be read: ${messageOf(error)}. It must be in PEM.`, { cause: error });
  }
  try {
    createSecureContext({ cert, key, ...secret });
  } catch (error) {
    const hint = passphrase === undefined ? "An encrypted key needs its passphrase." : "The passphrase may be wrong.";
    throw new InvalidArgumentError(`The key ${keyFile} does not open or does not belong to ${certFile}: ${messageOf(error)}. ${hint}`, {
      cause: error,
    });
  }
  if (Date.parse(leaf.validTo) < now) {
    throw new InvalidArgumentError(`The certificate ${certFile} expired on ${leaf.validTo}. Renew it, then start again.`);
  }
  return { cert, key, ...secret, names: namesOf(leaf) };
}

function read(file: string, what: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new InvalidArgumentError(`The ${what} ${file} cannot be read: ${messageOf(error)}.`, { cause: error });
  }
}

/** From `DNS:yard.example, IP Address:192.0.2.7`. */
function namesOf({ subjectAltName }: X509Certificate): string[] {
  const names = [...(subjectAltName ?? "").matchAll(/(?:^|, )(?:DNS|IP Address):([^,]+)/g)].map(([, name = ""]) => name.toLowerCase());
  return names.filter((name) => !name.includes("*")).map(asHost);
}

/** An IPv6 address stands in brackets. */
export function asHost(name: string): string {
  return isIP(name) === 6 ? `[${name}]` : name;
}
