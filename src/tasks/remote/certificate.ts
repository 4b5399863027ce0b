import type { createPublicKey } from "node:crypto";
import { isIP } from "node:net";
import { nodeCrypto } from "./node-crypto.ts";

/** A certificate and its private key, PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

const TAG = {
  BOOLEAN: 0x01,
  INTEGER: 0x02,
  BITS: 0x03,
  BYTES: 0x04,
  OID: 0x06,
  UTF8: 0x0c,
  TIME: 0x18,
  SEQUENCE: 0x30,
  SET: 0x31,
} as const;
/** Object identifiers, DER-encoded: ecdsa-with-SHA256, commonName, basicConstraints, keyUsage, extKeyUsage, subjectAltName, serverAuth. */
const OID = {
  ecdsaSha256: [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02],
  commonName: [0x55, 0x04, 0x03],
  basicConstraints: [0x55, 0x1d, 0x13],
  keyUsage: [0x55, 0x1d, 0x0f],
  extendedKeyUsage: [0x55, 0x1d, 0x25],
  subjectAltName: [0x55, 0x1d, 0x11],
  serverAuth: [0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01],
} as const;
const DAY_MS = 86_400_000;
/** Clocks of other machines may be behind or ahead by so much. */
const CLOCK_MS = DAY_MS;

/**
 * A self-signed certificate for one host name or address, with a new P-256 key. For one profile: daemons know it by its fingerprint.
 *
 * @param host name, IPv4 or IPv6 address, without brackets.
 * @param days how long it is valid, from a day ago on.
 * Source: RFC 5280 (profile), X.690 (DER). Node can sign and read certificates, but not make them.
 */
export function selfSigned(host: string, days: number): Certificate {
  const { privateKey, publicKey } = nodeCrypto().generateKeyPairSync("ec", { namedCurve: "P-256" });
  const algorithm = sequence(oid(OID.ecdsaSha256));
  const name = sequence(der(TAG.SET, sequence(oid(OID.commonName), der(TAG.UTF8, Buffer.from("Trainyard profile")))));
  const from = Date.now() - CLOCK_MS;
  const body = sequence(
    der(0xa0, integer(Buffer.of(2))), // version 3
    integer(positive(nodeCrypto().randomBytes(16))),
    algorithm,
    name,
    sequence(time(from), time(from + CLOCK_MS + days * DAY_MS)),
    name,
    publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, sequence(...extensions(host))),
  );
  const signature = nodeCrypto().sign("sha256", body, privateKey);
  const whole = sequence(body, algorithm, der(TAG.BITS, Buffer.of(0), signature));
  const lines = whole
    .toString("base64")
    .replace(/(.{64})/g, "$1\n")
    .trimEnd();
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}

/** SHA-256 of a certificate as it travels: 32 bytes. */
export function fingerprintOf(cert: string | Buffer): Buffer {
  const { X509Certificate } = nodeCrypto();
  const raw = typeof cert === "string" ? new X509Certificate(cert).raw : cert;
  return nodeCrypto().createHash("sha256").update(raw).digest();
}

/** Whether a private key belongs to a certificate. Both PEM. @throws when one cannot be read. */
export function isPair(cert: string, key: Parameters<typeof createPublicKey>[0]): boolean {
  const { X509Certificate } = nodeCrypto();
  const own = nodeCrypto().createPublicKey(key).export({ type: "spki", format: "der" });
  return new X509Certificate(cert).publicKey.export({ type: "spki", format: "der" }).equals(own);
}

function extensions(host: string): Buffer[] {
  const family = isIP(host);
  const subject = family === 0 ? der(0x82, Buffer.from(host, "latin1")) : der(0x87, addressBytes(host, family));
  const critical = der(TAG.BOOLEAN, Buffer.of(0xff));
  const extension = (id: readonly number[], value: Buffer, ...flags: Buffer[]): Buffer =>
    sequence(oid(id), ...flags, der(TAG.BYTES, value));
  return [
    extension(OID.basicConstraints, sequence(), critical),
    extension(OID.keyUsage, der(TAG.BITS, Buffer.of(7, 0x80)), critical), // digitalSignature
    extension(OID.extendedKeyUsage, sequence(oid(OID.serverAuth))),
    extension(OID.subjectAltName, sequence(subject)),
  ];
}

function addressBytes(address: string, family: number): Buffer {
  if (family === 4) return Buffer.from(address.split(".").map(Number));
  // The URL parser writes every IPv6 address in its shortest form.
  const [before = "", after] = new URL(`ftp://[${address}]`).hostname.slice(1, -1).split("::");
  const head = before === "" ? [] : before.split(":");
  const tail = after === undefined || after === "" ? [] : after.split(":");
  const groups = [...head, ...Array<string>(8 - head.length - tail.length).fill("0"), ...tail];
  return Buffer.from(groups.flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff]));
}

function der(tag: number, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const head = length < 0x80 ? [tag, length] : length < 0x100 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(head), content]);
}

function sequence(...parts: Buffer[]): Buffer {
  return der(TAG.SEQUENCE, ...parts);
}

function oid(bytes: readonly number[]): Buffer {
  return der(TAG.OID, Buffer.from(bytes));
}

function integer(bytes: Buffer): Buffer {
  return der(TAG.INTEGER, bytes);
}

/** Neither negative nor with needless zeros in front. */
function positive(bytes: Buffer): Buffer {
  bytes[0] = (bytes[0]! & 0x7f) | 0x40;
  return bytes;
}

function time(ms: number): Buffer {
  return der(TAG.TIME, Buffer.from(`${new Date(ms).toISOString().replace(/\.\d+|[-:T]/g, "")}`, "latin1"));
}
