import { describe, expect, test } from "vitest";
import { completeOptions } from "../../src/server/options.ts";

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

  test("an address of another machine is refused, because TLS is not there", () => {
    expect(() => completeOptions({ host: "0.0.0.0" }, env)).toThrow(/0\.0\.0\.0.*TLS/);
    expect(completeOptions({ host: "::1" }, env).host).toBe("::1");
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
