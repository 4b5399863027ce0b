import { InvalidArgumentError, TrainyardError } from "../core/errors.ts";
import { TellurioRest } from "./tellurio-rest.ts";

/** Where a key is kept between programs, such as the system's keyring. */
export interface KeyStore {
  /** The key of the user who logged in last; null when there is none. */
  read(): string | null | Promise<string | null>;
  write(username: string, apiKey: string): void | Promise<void>;
}

export interface LoginOptions {
  readonly apiKey?: string | undefined;
  /** Where TELLURIO_API_KEY is looked for; `process.env` in Node. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly keys?: KeyStore | null;
  /** A new key takes the place of the stored one, which is not looked at. */
  readonly isRelogin?: boolean;
}

export interface Account {
  readonly apiKey: string;
  readonly email: string;
  readonly username: string;
}

/**
 * Finds a key (argument, environment, store), has it verified, and stores it when it came from outside the store. A store that cannot
 * be written is not a fault.
 * @throws {InvalidArgumentError} when there is no key · {TrainyardError} `refused` for a wrong one; nothing is stored then.
 */
export async function findAccount(
  baseUrl: string,
  { apiKey, env = {}, keys = null, isRelogin = false }: LoginOptions,
  fetcher?: typeof fetch,
): Promise<Account> {
  const given = apiKey || env.TELLURIO_API_KEY || "";
  const key = given !== "" || isRelogin ? given : ((await keys?.read()) ?? "");
  if (key === "") {
    throw new InvalidArgumentError(
      isRelogin
        ? "Logging in again needs a new key: pass apiKey or set TELLURIO_API_KEY."
        : "There is no key: pass apiKey or set TELLURIO_API_KEY. It is the token that the server printed at its start.",
    );
  }
  const account = await verified(baseUrl, key, isRelogin, fetcher);
  if (given !== "" && keys !== null) {
    try {
      await keys.write(account.username, key);
    } catch {
      // a keyring that is locked or missing: the key is asked for again next time
    }
  }
  return { apiKey: key, ...account };
}

async function verified(baseUrl: string, key: string, isRelogin: boolean, fetcher: typeof fetch | undefined) {
  try {
    const { email, username } = await new TellurioRest(baseUrl, key, fetcher === undefined ? {} : { fetch: fetcher }).verify();
    return { email, username };
  } catch (error) {
    if (!(error instanceof TrainyardError) || error.code === "unavailable") throw error;
    const what = isRelogin ? "The new key is not valid; the old one is still stored." : "The key is not valid.";
    throw new TrainyardError("refused", `${what} Use the token that the server printed at its start.`, { cause: error });
  }
}
