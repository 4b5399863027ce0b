import type * as Crypto from "node:crypto";

/** Node's cryptography, loaded when it is used: most programs never listen, and start sooner without it. */
export function nodeCrypto(): typeof Crypto {
  return process.getBuiltinModule("node:crypto");
}
