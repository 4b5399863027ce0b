import { describe, expect, test } from "vitest";
import { completeOptions } from "../../src/server/options.ts";
import type { TlsFiles } from "../../src/server/tls.ts";
import { testCertificate } from "../support/certificate.ts";
import { temporaryFolder } from "../support/live-server.ts";

const env = { HOME: "/home/ann" };

describe("serve options", () => {
  test("the port is 5757 by default and comes from the environment when it says so", () => {
    expect(completeOptions({}, env)).toMatchObject({ port: 5757, isDefaultPort: true });
    expect(completeOptions({}, { ...env, RTEMISLIVE_PORT: "6001" })).toMatchObject({ port: 6001, isDefaultPort: false });
    expect(completeOptions({}, { ...env, RTEMISLIVE_PORT: "6001", TRAINYARD_PORT: "6002" }).port).toBe(6002);
    expect(completeOptions({ port: 6003 }, { ...env, TRAINYARD_PORT: "6002" }).port).toBe(6003);
    expect(completeOptions({ port: 0 }, env).port).toBe(0);
  });

  test.each([[1023], [49_152], [6000.5]])("port %d is refused with the range", (port) => {
    expect(() => completeOptions({ port }, env)).toThrow(/1024 to 49151/);
  });

  test("a port in the environment that is no number is refused by name", () => {
    expect(() => completeOptions({}, { ...env, TRAINYARD_PORT: "fünf" })).toThrow(/TRAINYARD_PORT.*fünf/);
  });

  test("an address where other machines can connect needs TLS and a long token; what is missing is named", () => {
    const token = "a token of some length";
    const tls = testCertificate(temporaryFolder(), ["yard.example"]);
    expect(() => completeOptions({ host: "0.0.0.0" }, env)).toThrow(/0\.0\.0\.0.*--tls-cert.*and a token \(--token\)/);
    expect(() => completeOptions({ host: "0.0.0.0", token }, env)).toThrow(/give a certificate \(--tls-cert and --tls-key\)\. /);
    expect(() => completeOptions({ host: "0.0.0.0", tls }, env)).toThrow(/give a token \(--token\)\. /);
    expect(() => completeOptions({ host: "0.0.0.0", tls, token: "short" }, env)).toThrow(/at least 16 characters.*got 5/);
    expect(completeOptions({ host: "0.0.0.0", tls, token }, env)).toMatchObject({ host: "0.0.0.0", token });
    expect(completeOptions({ host: "0.0.0.0", tls }, { ...env, TRAINYARD_TOKEN: token })).toMatchObject({ token });
    expect(completeOptions({ host: "::1" }, env).host).toBe("::1");
    expect(() => completeOptions({ hsts: true }, env)).toThrow(/hsts needs tls/);
  });

  test("a certificate that cannot be used is refused at the start, with the file's name", () => {
    const folder = temporaryFolder();
    const good = testCertificate(folder, ["yard.example"]);
    const other = testCertificate(folder, ["yard.example"], { label: "other" });
    const locked = testCertificate(folder, ["yard.example"], { label: "locked", passphrase: "open sesame" });
    const old = testCertificate(folder, ["yard.example"], { label: "old", days: -1 });
    const start = (tls: TlsFiles) => completeOptions({ tls }, env);
    expect(start(good).tls?.names).toEqual(["yard.example"]);
    expect(start({ ...locked, passphrase: "open sesame" }).tls).not.toBeNull();
    expect(() => start({ ...good, certFile: "/no/such.pem" })).toThrow(/certificate \/no\/such\.pem cannot be read/);
    expect(() => start({ ...good, keyFile: "/no/such.pem" })).toThrow(/private key \/no\/such\.pem cannot be read/);
    expect(() => start({ ...good, certFile: good.keyFile })).toThrow(/server-key\.pem cannot be read.*PEM/);
    expect(() => start({ ...good, keyFile: other.keyFile })).toThrow(/other-key\.pem does not open or does not belong to/);
    expect(() => start(locked)).toThrow(/locked-key\.pem.*needs its passphrase/);
    expect(() => start({ ...locked, passphrase: "wrong" })).toThrow(/passphrase may be wrong/);
    expect(() => start(old)).toThrow(/old-cert\.pem expired on/);
  });

  test("an empty token is refused", () => {
    expect(() => completeOptions({ token: "" }, env)).toThrow(/token/);
  });

  test("the data folder comes from the option, else the environment", () => {
    expect(completeOptions({}, { ...env, TRAINYARD_DATA_DIR: "/data/yard" })).toMatchObject({
      dataDir: "/data/yard",
      saveDir: "/data/yard/saved",
    });
    expect(completeOptions({ dataDir: "/elsewhere" }, { ...env, TRAINYARD_DATA_DIR: "/data/yard" }).dataDir).toBe("/elsewhere");
  });

  test.each([["daemons"], ["maxConcurrent"], ["maxSessions"]] as const)("%s below 1 is refused by name", (name) => {
    expect(() => completeOptions({ [name]: 0 }, env)).toThrow(new RegExp(name));
  });
});
