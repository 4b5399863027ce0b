import { maskedCrc32c } from "./crc32c.ts";

/** A record is `[u64 length][masked crc of it][data][masked crc of the data]`, little-endian. */
const HEAD_BYTES = 12;
const FOOT_BYTES = 4;
/** Longer ones are taken for damage: they would be held in memory whole. */
const RECORD_MAX_BYTES = 64 * 1024 * 1024;

/** What kept a file from being read to its end, for people; and where. */
export interface RecordProblem {
  readonly atByte: number;
  readonly message: string;
}

export interface RecordsEnd {
  /** Records whose data did not match their checksum; they were left out. */
  readonly damaged: number;
  /** Why reading stopped before the end; null when it did not. */
  readonly problem: RecordProblem | null;
}

/**
 * The records of a TFRecord file that arrives in pieces of any size. What is whole is yielded, what is damaged is counted and left out; when the length of a record cannot
 * be trusted, nothing behind it can be found, and reading ends there. Source: the TFRecord section of TensorFlow's guide.
 */
export async function* readRecords(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer, RecordsEnd> {
  let rest: Buffer = Buffer.alloc(0);
  let atByte = 0;
  let damaged = 0;
  for await (const piece of pieces) {
    rest = rest.length === 0 ? Buffer.from(piece) : Buffer.concat([rest, piece]);
    let at = 0;
    for (;;) {
      const size = sizeAt(rest, at);
      if (size === "damaged")
        return { damaged, problem: { atByte: atByte + at, message: "the length of a record does not match its checksum" } };
      if (size === null || rest.length - at < HEAD_BYTES + size + FOOT_BYTES) break;
      const data = rest.subarray(at + HEAD_BYTES, at + HEAD_BYTES + size);
      if (maskedCrc32c(data) === rest.readUInt32LE(at + HEAD_BYTES + size)) yield data;
      else damaged++;
      at += HEAD_BYTES + size + FOOT_BYTES;
    }
    rest = rest.subarray(at);
    atByte += at;
  }
  const problem =
    rest.length === 0 ? null : { atByte, message: `the file ends in the middle of a record, ${rest.length} bytes after its begin` };
  return { damaged, problem };
}

/** Bytes of the record's data; null when its head is not all there. */
function sizeAt(bytes: Buffer, at: number): number | "damaged" | null {
  if (bytes.length - at < HEAD_BYTES) return null;
  if (maskedCrc32c(bytes.subarray(at, at + 8)) !== bytes.readUInt32LE(at + 8)) return "damaged";
  const size = Number(bytes.readBigUInt64LE(at));
  return size > RECORD_MAX_BYTES ? "damaged" : size;
}
