/** Texts back to back in UTF-8, with the byte at which each one ends. */
export interface PackedTexts {
  readonly ends: Uint32Array;
  readonly bytes: Uint8Array;
}

/** Cost: O(bytes), without an object per text. Together below 4 GiB. */
export function packTexts(texts: readonly string[]): PackedTexts {
  const ends = new Uint32Array(texts.length);
  let end = 0;
  for (let i = 0; i < texts.length; i++) {
    end += Buffer.byteLength(texts[i]!, "utf8");
    ends[i] = end;
  }
  const bytes = Buffer.allocUnsafe(end);
  for (let i = 0; i < texts.length; i++) bytes.write(texts[i]!, i === 0 ? 0 : ends[i - 1]!, "utf8");
  return { ends, bytes };
}

export function unpackTexts({ ends, bytes }: PackedTexts): string[] {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from(ends, (end, i) => all.toString("utf8", i === 0 ? 0 : ends[i - 1]!, end));
}
