/** What the first bytes of a file really are, whatever its name says. Null for what may be text. */
export function maybeBinaryKind(head: Uint8Array): string | null {
  for (const [kind, signature, at] of SIGNATURES) {
    if (signature.every((byte, i) => head[at + i] === byte)) return kind === "a ZIP archive" ? zipKind(head) : kind;
  }
  return null;
}

const ascii = (text: string): number[] => Array.from(text, (c) => c.charCodeAt(0));

const SIGNATURES: readonly (readonly [kind: string, signature: readonly number[], at: number])[] = [
  ["a Parquet file", ascii("PAR1"), 0],
  ["an Arrow file", ascii("ARROW1"), 0],
  ["an Arrow stream", [0xff, 0xff, 0xff, 0xff], 0],
  ["a ZIP archive", [0x50, 0x4b, 0x03, 0x04], 0],
  ["a gzip archive", [0x1f, 0x8b], 0],
  ["a Zstandard archive", [0x28, 0xb5, 0x2f, 0xfd], 0],
  ["a bzip2 archive", ascii("BZh"), 0],
  ["an XZ archive", [0xfd, 0x37, 0x7a, 0x58, 0x5a], 0],
  ["a 7z archive", [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c], 0],
  ["an old Excel workbook", [0xd0, 0xcf, 0x11, 0xe0], 0],
  ["a PNG image", [0x89, 0x50, 0x4e, 0x47], 0],
  ["a JPEG image", [0xff, 0xd8, 0xff], 0],
  ["a GIF image", ascii("GIF8"), 0],
  ["a PDF document", ascii("%PDF-"), 0],
  ["an SQLite database", ascii("SQLite format 3"), 0],
  ["an HDF5 file", [0x89, 0x48, 0x44, 0x46], 0],
  ["a NumPy array", [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59], 0],
  ["an R data file", ascii("RDX3"), 0],
  ["an R data file", ascii("RDX2"), 0],
  ["a program", [0x7f, 0x45, 0x4c, 0x46], 0],
  ["a program", [0x4d, 0x5a, 0x90], 0],
  ["an HTML page", ascii("<!DOCTYPE"), 0],
  ["an HTML page", ascii("<!doctype"), 0],
  ["an HTML page", ascii("<html"), 0],
  ["an XML document", ascii("<?xml"), 0],
];

function zipKind(head: Uint8Array): string {
  const names = new TextDecoder("latin1").decode(head.subarray(0, 4096));
  if (names.includes("xl/") || names.includes("[Content_Types].xml")) return "an Excel workbook";
  if (names.includes("opendocument.spreadsheet")) return "an OpenDocument spreadsheet";
  return "a ZIP archive";
}

/** What a person can do with a file of that kind when a table was expected. */
export function remedyFor(kind: string): string {
  if (kind.includes("Excel") || kind.includes("OpenDocument")) return "open it in a spreadsheet program and save the sheet as CSV";
  if (kind.includes("archive")) return "unpack it and give the CSV file inside";
  if (kind.includes("Parquet") || kind.includes("Arrow"))
    return "give it a name that ends in .parquet or .arrow so that it is read as such";
  return "give a CSV, Parquet or Arrow file";
}
