import { InvalidArgumentError, TrainyardError } from "../core/errors.ts";
import { BadFrameError } from "./bad-frame.ts";
import { CloneReader } from "./clone-reader.ts";
import { DEPTH_LIMIT, paddingAfter } from "./clone-types.ts";
import { CloneWriter } from "./clone-writer.ts";

/** Two u32, big-endian: header bytes, number of segments. */
const LENGTHS_BYTES = 8;

/**
 * One value as bytes: `[u32 header bytes][u32 segments][header][8-byte-aligned raw segments]`, numbers big-endian, raw segments in the sender's
 * (everywhere little-endian) order. The header is MessagePack with the extensions of `clone-types.ts`.
 *
 * @param room bytes left free at the start of the first chunk, for a frame's own header; a multiple of 8.
 * @returns chunks to be written one after the other. Binary values above 4 kB are not copied: the chunks are views on them, so leave them
 *   unchanged until the chunks are written.
 * @throws {InvalidArgumentError} for a value that cannot be sent; the message says where in the value it is.
 * Source: own format. The codec is our own because msgpackr 2.1.3 compiles code from received record keys, calls any inherited function that a received
 * error names ("constructor", "valueOf"), and loses -0, lone surrogates, `__proto__` keys and cycles through errors.
 */
export function encodeEnvelope(value: unknown, room = 0): Uint8Array[] {
  const writer = new CloneWriter(room + LENGTHS_BYTES);
  try {
    writer.write(value);
  } catch (error) {
    writer.release();
    throw located(error, value);
  }
  const { segments } = writer;
  let headerEnd = 0;
  const head = writer.finish((length) => {
    headerEnd = length;
    return segments.length === 0 ? 0 : paddingAfter(length);
  });
  const view = new DataView(head.buffer);
  view.setUint32(room, headerEnd - room - LENGTHS_BYTES);
  view.setUint32(room + 4, segments.length);
  return [head, ...padded(segments)];
}

/**
 * The value that `encodeEnvelope` was given. Large typed arrays are views on `bytes` (copies only where `bytes` itself begins at an address that
 * is no multiple of 8); large ArrayBuffers are copied once, because an ArrayBuffer cannot be a view.
 *
 * @throws {BadFrameError} for any input that is not one whole envelope. Nothing in the input can make code run.
 */
export function decodeEnvelope(bytes: Uint8Array): unknown {
  if (bytes.length < LENGTHS_BYTES) throw new BadFrameError(`an envelope has at least ${LENGTHS_BYTES} bytes, this one ${bytes.length}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerEnd = LENGTHS_BYTES + view.getUint32(0);
  const segments = view.getUint32(4);
  if (headerEnd > bytes.length) throw new BadFrameError(`the header ends at byte ${headerEnd} of an envelope of ${bytes.length}`);
  const reader = new CloneReader(bytes, LENGTHS_BYTES, headerEnd);
  const value = readSafely(reader);
  if (reader.at !== headerEnd) throw new BadFrameError(`the header has ${headerEnd - reader.at} bytes after its value`);
  if (reader.segmentsRead !== segments)
    throw new BadFrameError(`the envelope has ${segments} segments, its header names ${reader.segmentsRead}`);
  if (reader.segmentsEnd !== bytes.length) {
    throw new BadFrameError(`the envelope should end at byte ${reader.segmentsEnd}, it has ${bytes.length} bytes`);
  }
  return value;
}

function readSafely(reader: CloneReader): unknown {
  try {
    return reader.read();
  } catch (cause) {
    if (cause instanceof BadFrameError) throw cause;
    throw new BadFrameError("the header cannot be read", { cause });
  }
}

function padded(segments: readonly Uint8Array[]): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  segments.forEach((segment, i) => {
    chunks.push(segment);
    const padding = i === segments.length - 1 ? 0 : paddingAfter(segment.length);
    if (padding > 0) chunks.push(new Uint8Array(padding));
  });
  return chunks;
}

/** Adds to a refusal where in the value the fault is. Searched only now, so that good values pay nothing for it. */
function located(error: unknown, value: unknown): unknown {
  if (!(error instanceof TrainyardError)) return error;
  const path = unsendablePath(value, new Set(), 0);
  return path === null || path === "" ? error : new InvalidArgumentError(`${error.message} (at ${path})`, { details: { path } });
}

/** Path like `.rows[3].callback` of the first function or symbol, or null. */
function unsendablePath(value: unknown, seen: Set<object>, depth: number): string | null {
  if (typeof value === "function" || typeof value === "symbol" || value instanceof Promise) return "";
  if (typeof value !== "object" || value === null || seen.has(value) || ArrayBuffer.isView(value)) return null;
  if (depth > DEPTH_LIMIT || seen.size > 100_000) return null;
  seen.add(value);
  const isList = Array.isArray(value);
  const entries = value instanceof Map || value instanceof Set ? [...value.entries()] : Object.entries(value);
  for (const [key, member] of entries) {
    const path = unsendablePath(member, seen, depth + 1);
    if (path !== null) return (isList || typeof key !== "string" ? `[${String(key)}]` : `.${key}`) + path;
  }
  return null;
}
