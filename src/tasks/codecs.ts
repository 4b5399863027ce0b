import { InvalidArgumentError, messageOf } from "../core/errors.ts";
import { addCodec, type Codec, codecsMissing, dropCodecs } from "../wire/codecs.ts";

/** Where a codec, or a list of them, is exported. Each process that needs it imports it from there. */
export interface CodecReference {
  readonly module: string;
  readonly export: string;
}

const registered: CodecReference[] = [];

/**
 * Makes instances of a class travel as themselves, at any depth, in arguments, results, notes and constants. Holds here at once, and in daemons of
 * profiles that are set later. Not for threads, whose values are copied by the platform. A codec that throws fails the task in question, no more.
 *
 * @param source a module that host and daemons can import, and what it exports: `{ name, class, encode, decode }` or a list of such.
 * @throws {InvalidArgumentError} when there is no such codec.
 */
export async function registerCodec(source: { readonly module: string | URL; readonly export: string }): Promise<void> {
  const reference = { module: String(source.module), export: source.export };
  const codecs = await importCodecs(reference);
  for (const codec of codecs) addCodec(codec);
  registered.push(reference);
}

/** No class has a codec any more: here, and in daemons of profiles that are set later. */
export function forgetCodecs(): void {
  registered.length = 0;
  dropCodecs();
}

/** What daemons are told to import. */
export function codecReferences(): readonly CodecReference[] {
  return [...registered];
}

/** In a daemon. What cannot be imported fails tasks that need it, with the reason. */
export async function loadCodecs(references: readonly CodecReference[]): Promise<void> {
  for (const reference of references) {
    try {
      for (const codec of await importCodecs(reference)) addCodec(codec);
    } catch (error) {
      codecsMissing(reference.module, messageOf(error));
    }
  }
}

async function importCodecs({ module, export: name }: CodecReference): Promise<readonly Codec[]> {
  let exported: unknown;
  try {
    exported = ((await import(module)) as Readonly<Record<string, unknown>>)[name];
  } catch (cause) {
    throw new InvalidArgumentError(`the module of a codec, ${module}, cannot be imported: ${messageOf(cause)}`, { cause });
  }
  const codecs: readonly unknown[] = Array.isArray(exported) ? exported : [exported];
  if (codecs.length > 0 && codecs.every(isCodec)) return codecs;
  throw new InvalidArgumentError(`${module} exports no codec named "${name}": one is { name, class, encode, decode }, or a list of such`);
}

function isCodec(value: unknown): value is Codec {
  if (typeof value !== "object" || value === null) return false;
  const { name, class: ofClass, encode, decode } = value as Partial<Record<keyof Codec, unknown>>;
  return typeof name === "string" && name !== "" && [ofClass, encode, decode].every((part) => typeof part === "function");
}
