import { isUtf8 } from "node:buffer";
import { closeSync, openSync, readSync, writeSync } from "node:fs";

/** How the bytes of a text file spell characters. `mixed` has lines of UTF-8 and lines of Windows-1252. */
export type Encoding = "utf-8" | "utf-16le" | "utf-16be" | "windows-1252" | "mixed";

const CHUNK_BYTES = 1 << 20;

/** The encoding that a byte order mark or the places of zero bytes give away; `utf-8` otherwise, still to be checked. */
export function sniffEncoding(head: Uint8Array): { readonly encoding: "utf-8" | "utf-16le" | "utf-16be"; readonly markBytes: number } {
  if (head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf) return { encoding: "utf-8", markBytes: 3 };
  if (head[0] === 0xff && head[1] === 0xfe) return { encoding: "utf-16le", markBytes: 2 };
  if (head[0] === 0xfe && head[1] === 0xff) return { encoding: "utf-16be", markBytes: 2 };
  const sample = head.subarray(0, 4096);
  const zeros = [0, 0];
  for (let i = 0; i < sample.length; i++) if (sample[i] === 0) zeros[i & 1]!++;
  const half = sample.length / 2;
  if (half >= 2 && zeros[1]! > 0.6 * half && zeros[0]! < 0.1 * half) return { encoding: "utf-16le", markBytes: 0 };
  if (half >= 2 && zeros[0]! > 0.6 * half && zeros[1]! < 0.1 * half) return { encoding: "utf-16be", markBytes: 0 };
  return { encoding: "utf-8", markBytes: 0 };
}

/** Calls `take` with each piece of a file in turn; the buffer is reused. Returns early when `take` returns false. */
export function readPieces(path: string, from: number, take: (piece: Buffer, last: boolean) => boolean | void): void {
  const file = openSync(path, "r");
  try {
    let buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    let spare = Buffer.allocUnsafe(CHUNK_BYTES);
    let at = from;
    let filled = readSync(file, buffer, 0, CHUNK_BYTES, at);
    for (;;) {
      at += filled;
      const ahead = filled === 0 ? 0 : readSync(file, spare, 0, CHUNK_BYTES, at);
      if (take(buffer.subarray(0, filled), ahead === 0) === false || ahead === 0) return;
      [buffer, spare, filled] = [spare, buffer, ahead];
    }
  } finally {
    closeSync(file);
  }
}

/** Writes the text of a UTF-16 file as UTF-8. Memory stays at a few MiB. */
export function transcodeUtf16(from: string, to: string, encoding: "utf-16le" | "utf-16be", markBytes: number): void {
  const decoder = new TextDecoder(encoding);
  const out = openSync(to, "w");
  try {
    readPieces(from, markBytes, (piece, last) => {
      writeAll(out, Buffer.from(decoder.decode(piece, { stream: !last }), "utf8"));
    });
  } finally {
    closeSync(out);
  }
}

export interface LineTranscoding {
  readonly encoding: "windows-1252" | "mixed";
  /** 1-based line of the first one that is not UTF-8, and how many there are. */
  readonly firstLine: number;
  readonly lines: number;
}

/**
 * Writes a file that is not UTF-8 throughout as UTF-8: lines that are valid stay, the others are read as Windows-1252 (which extends
 * Latin-1). Memory stays at a few MiB plus the longest line.
 */
export function transcodeLines(from: string, to: string, markBytes: number): LineTranscoding {
  const out = openSync(to, "w");
  let line = 0;
  let firstLine = 0;
  let lines = 0;
  let hasUtf8 = false;
  const takeLine = (bytes: Buffer): void => {
    line++;
    if (isUtf8(bytes)) {
      hasUtf8 ||= bytes.some((byte) => byte > 0x7f);
      writer.add(bytes);
      return;
    }
    firstLine ||= line;
    lines++;
    writer.add(Buffer.from(windows1252(bytes), "utf8"));
  };
  const writer = new Gatherer(out);
  try {
    let carry: Buffer = Buffer.alloc(0);
    let lineEnd = 0;
    readPieces(from, markBytes, (piece, last) => {
      const bytes = carry.length === 0 ? piece : Buffer.concat([carry, piece]);
      lineEnd ||= bytes.includes(0x0a) ? 0x0a : 0x0d;
      let start = 0;
      for (let at = bytes.indexOf(lineEnd); at >= 0; at = bytes.indexOf(lineEnd, start)) {
        takeLine(bytes.subarray(start, at + 1));
        start = at + 1;
      }
      if (last && start < bytes.length) takeLine(bytes.subarray(start));
      carry = last ? Buffer.alloc(0) : Buffer.from(bytes.subarray(start));
    });
    writer.flush();
  } finally {
    closeSync(out);
  }
  return { encoding: hasUtf8 ? "mixed" : "windows-1252", firstLine, lines };
}

/** Windows-1252 where it differs from Latin-1: bytes 0x80 to 0x9f. Node 20 decodes those as Latin-1, which has no printable ones there. */
const HIGH_CONTROLS = "€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ";

function windows1252(bytes: Buffer): string {
  return bytes.toString("latin1").replace(/[\x80-\x9f]/g, (c) => HIGH_CONTROLS[c.charCodeAt(0) - 0x80]!);
}

/** Gathers small writes to one file. */
export class Gatherer {
  readonly #file: number;
  #buffer = Buffer.allocUnsafe(1 << 18);
  #used = 0;

  constructor(file: number) {
    this.#file = file;
  }

  add(bytes: Uint8Array): void {
    if (this.#used + bytes.length > this.#buffer.length) this.flush();
    if (bytes.length > this.#buffer.length) {
      writeAll(this.#file, bytes);
      return;
    }
    this.#buffer.set(bytes, this.#used);
    this.#used += bytes.length;
  }

  flush(): void {
    writeAll(this.#file, this.#buffer.subarray(0, this.#used));
    this.#used = 0;
  }
}

/** Writes every byte, also where the system takes fewer at a time. */
export function writeAll(file: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at, bytes.length - at);
}
