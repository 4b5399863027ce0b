import { BadInputError, TrainyardError } from "../core/errors.ts";
import { LinkLostError, RemoteError } from "./errors.ts";
import type { Methods, UploadedHandle } from "./methods.ts";

/** What an upload needs of the client. */
export interface UploadCalls {
  call<M extends "data.upload.begin" | "data.upload.chunk" | "data.upload.end" | "data.upload.cancel">(
    method: M,
    params: Methods[M]["params"],
    options?: { payload?: Uint8Array; timeoutMs?: number },
  ): Promise<Methods[M]["result"]>;
}

export interface UploadOptions {
  /** The data set's name in the session; not unique. */
  readonly name: string;
  /** `csv`, `parquet`, `arrow-ipc`; default by the ending of `filename`, else `csv`. */
  readonly format?: string;
  readonly filename?: string;
  readonly signal?: AbortSignal;
  /** Bytes that the server has acknowledged. Grows from 0 to the total. */
  readonly onProgress?: (sentBytes: number, totalBytes: number) => void;
}

/** Messages stay below 1 MiB with their header. */
const CHUNK_BYTES = 512 * 1024;
/** Chunks on their way at the same time: enough to keep a local link busy, few enough to let other calls through. */
const IN_FLIGHT = 4;
/** How often one chunk may be lost with the link before the upload gives up. */
const TRIES = 20;
/** Reading 300 MB of text into columns takes the server a while. */
const END_TIMEOUT_MS = 15 * 60_000;

/**
 * Sends a file or bytes in chunks. A lost link pauses it; chunks without an answer are sent again when the link is back.
 * @throws {BadInputError} when the source is empty or the signal aborts (code `cancelled`); RemoteError as the server says.
 * The server forgets a failed or cancelled upload.
 */
export async function uploadInChunks(calls: UploadCalls, source: Blob | Uint8Array, options: UploadOptions): Promise<UploadedHandle> {
  const totalBytes = source instanceof Uint8Array ? source.length : source.size;
  if (totalBytes === 0) throw new BadInputError(`${options.filename ?? options.name} is empty. Choose a file with a header line and rows.`);
  const chunks = Math.ceil(totalBytes / CHUNK_BYTES);
  const format = options.format ?? formatOf(options.filename ?? "");
  const { upload_id } = await calls.call("data.upload.begin", {
    name: options.name,
    total_bytes: totalBytes,
    n_chunks: chunks,
    format,
    ...(options.filename === undefined ? {} : { filename: options.filename }),
  });
  let next = 0;
  let acknowledged = 0;
  const sendAll = async (): Promise<void> => {
    while (next < chunks) {
      options.signal?.throwIfAborted();
      const index = next++;
      const bytes = await bytesOf(source, index * CHUNK_BYTES, Math.min(totalBytes, (index + 1) * CHUNK_BYTES));
      await sendChunk(calls, upload_id, index + 1, bytes, options.signal);
      acknowledged += bytes.length;
      options.onProgress?.(acknowledged, totalBytes);
    }
  };
  try {
    options.onProgress?.(0, totalBytes);
    await Promise.all(Array.from({ length: Math.min(IN_FLIGHT, chunks) }, sendAll));
    return await calls.call("data.upload.end", { upload_id }, { timeoutMs: END_TIMEOUT_MS });
  } catch (error) {
    next = chunks;
    // Best effort: the server drops it anyway when the session goes.
    calls.call("data.upload.cancel", { upload_id }).catch(() => {});
    if (options.signal?.aborted) throw new TrainyardError("cancelled", `the upload of ${options.name} was cancelled`, { cause: error });
    throw error;
  }
}

async function sendChunk(calls: UploadCalls, uploadId: string, index: number, payload: Uint8Array, signal?: AbortSignal): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await calls.call("data.upload.chunk", { upload_id: uploadId, chunk_index: index }, { payload });
      return;
    } catch (error) {
      // Sent again after a lost link, a chunk that had arrived is refused as a repetition: so it is there. `end` counts the bytes.
      if (attempt > 1 && error instanceof RemoteError && error.wireCode === "invalid_params") return;
      if (!(error instanceof LinkLostError) || attempt >= TRIES) throw error;
      signal?.throwIfAborted();
    }
  }
}

async function bytesOf(source: Blob | Uint8Array, from: number, to: number): Promise<Uint8Array> {
  if (source instanceof Uint8Array) return source.subarray(from, to);
  return new Uint8Array(await source.slice(from, to).arrayBuffer());
}

/** The format that a file's name promises; text when it promises nothing, because the reader recognises the rest. */
export function formatOf(filename: string): string {
  if (/\.(parquet|pq)$/i.test(filename)) return "parquet";
  if (/\.(arrow|arrows|ipc|feather)$/i.test(filename)) return "arrow-ipc";
  return "csv";
}
