import { InvalidArgumentError, messageOf, TrainyardError } from "../core/errors.ts";

/** How instances of a class travel: as a value that can travel already, and back. */
export interface Codec<T = unknown> {
  /** On the wire; the same in every process. */
  readonly name: string;
  readonly class: abstract new (...args: never[]) => T;
  encode(instance: T): unknown;
  decode(data: unknown): T;
}

const byName = new Map<string, Codec>();
/** By prototype: instances of a subclass without a codec of its own travel as the nearest class that has one. */
const byPrototype = new Map<object, Codec>();
/** Why codecs of this name could not be had in this process. */
const missing = new Map<string, string>();
let failure: TrainyardError | null = null;

export function addCodec(codec: Codec): void {
  const known = byName.get(codec.name);
  if (known !== undefined) byPrototype.delete(known.class.prototype as object);
  byName.set(codec.name, codec);
  byPrototype.set(codec.class.prototype as object, codec);
}

/** No class has a codec any more. */
export function dropCodecs(): void {
  byName.clear();
  byPrototype.clear();
  missing.clear();
}

/** What later failures of unknown codecs say. */
export function codecsMissing(where: string, why: string): void {
  missing.set(where, why);
}

export function codecFor(instance: object): Codec | null {
  if (byPrototype.size === 0) return null;
  for (
    let prototype = Object.getPrototypeOf(instance) as object | null;
    prototype !== null;
    prototype = Object.getPrototypeOf(prototype) as object | null
  ) {
    const codec = byPrototype.get(prototype);
    if (codec !== undefined) return codec;
  }
  return null;
}

/** @throws {InvalidArgumentError} that names the codec. */
export function encodeWith(codec: Codec, instance: object): unknown {
  try {
    return codec.encode(instance);
  } catch (cause) {
    throw new InvalidArgumentError(`codec "${codec.name}" cannot encode a value: ${messageOf(cause)}`, { cause });
  }
}

/** The instance; null when it cannot be had, and `takeCodecFailure` says why: one bad value is no bad message. */
export function decodeWith(name: string, data: unknown): object | null {
  try {
    const codec = byName.get(name);
    if (codec === undefined) throw new Error(["it is not registered here", ...missing.values()].join("; "));
    const instance: unknown = codec.decode(data);
    if (typeof instance !== "object" || instance === null) throw new Error(`it made a ${typeof instance}`);
    return instance;
  } catch (cause) {
    codecFailed(`codec "${name}" cannot decode a value: ${messageOf(cause)}`, cause);
    return null;
  }
}

export function codecFailed(message: string, cause?: unknown): void {
  failure ??= new TrainyardError("bad_input", message, cause === undefined ? {} : { cause });
}

/** What went wrong with codecs since the last call, in what was read last. Call it right after decoding; the values in question are null. */
export function takeCodecFailure(): TrainyardError | null {
  const taken = failure;
  failure = null;
  return taken;
}
