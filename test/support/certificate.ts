import { createPrivateKey, generateKeyPairSync, sign } from "node:crypto";
import { writeFileSync } from "node:fs";
import { isIP } from "node:net";
import { join } from "node:path";

export interface TestCertificate {
  readonly certFile: string;
  readonly keyFile: string;
  /** PEM, for clients that shall trust it. */
  readonly cert: string;
}

/** A self-signed certificate (X.509 v3, P-256) for some names, written to a folder; put together here, so that no tool is needed. */
export function testCertificate(
  folder: string,
  names: readonly string[],
  options: { passphrase?: string; days?: number; label?: string } = {},
): TestCertificate {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const ecdsaWithSha256 = sequence(Buffer.from("06082a8648ce3d040302", "hex"));
  const issuer = sequence(der(0x31, sequence(Buffer.from("0603550403", "hex"), der(0x0c, Buffer.from("trainyard test")))));
  const day = 86_400_000;
  const validity = sequence(utcTime(Date.now() - 3650 * day), utcTime(Date.now() + (options.days ?? 3) * day));
  const names17 = names.map((name) =>
    isIP(name) === 4 ? der(0x87, Buffer.from(name.split(".").map(Number))) : der(0x82, Buffer.from(name)),
  );
  const extension = (oid: string, value: Buffer): Buffer => sequence(Buffer.from(oid, "hex"), der(0x04, value));
  const extensions = sequence(
    extension("0603551d11", sequence(...names17)),
    extension("0603551d13", sequence(Buffer.from("0101ff", "hex"))), // an authority of its own
  );
  const toSign = sequence(
    der(0xa0, Buffer.from("020102", "hex")),
    der(0x02, Buffer.from("01", "hex")),
    ecdsaWithSha256,
    issuer,
    validity,
    issuer,
    publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, extensions),
  );
  const bytes = sequence(toSign, ecdsaWithSha256, der(0x03, Buffer.concat([Buffer.from([0]), sign("sha256", toSign, privateKey)])));
  const cert = `-----BEGIN CERTIFICATE-----\n${(bytes.toString("base64").match(/.{1,64}/g) ?? []).join("\n")}\n-----END CERTIFICATE-----\n`;
  const { passphrase, label = "server" } = options;
  const pem = { type: "pkcs8", format: "pem" } as const;
  const plain = privateKey.export(pem);
  const key = passphrase === undefined ? plain : createPrivateKey(plain).export({ ...pem, cipher: "aes-256-cbc", passphrase });
  const files = { certFile: join(folder, `${label}-cert.pem`), keyFile: join(folder, `${label}-key.pem`) };
  writeFileSync(files.certFile, cert);
  writeFileSync(files.keyFile, key, { mode: 0o600 });
  return { ...files, cert };
}

function der(tag: number, ...content: readonly Buffer[]): Buffer {
  const body = Buffer.concat(content);
  const length = body.length < 128 ? [body.length] : body.length < 256 ? [0x81, body.length] : [0x82, body.length >> 8, body.length & 255];
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
}

function sequence(...content: readonly Buffer[]): Buffer {
  return der(0x30, ...content);
}

function utcTime(at: number): Buffer {
  return der(0x17, Buffer.from(`${new Date(at).toISOString().replaceAll(/[-:T]/g, "").slice(2, 14)}Z`));
}
