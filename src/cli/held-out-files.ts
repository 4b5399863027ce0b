import { join } from "node:path";
import { InvalidArgumentError } from "../core/errors.ts";
import { importTable } from "../data/import-table.ts";
import { writeTableFile } from "../data/table-file.ts";
import { HELD_OUT, type HeldOutMap, type HeldOutName } from "../engine/train/held-out-names.ts";
import { shapeOf, type TableShape } from "../engine/train/shape.ts";
import { tableFormat } from "./arguments.ts";

/** A table of `--validation` or `--test`, read. */
export interface HeldOutFile {
  readonly shape: TableShape;
  readonly tableFile: string;
}

/**
 * Reads the tables into `folder`. @param expected fingerprints that a record says, whose tables must be given; others are noted.
 * @throws {InvalidArgumentError} when a table that a record was made with is not given.
 */
export async function readHeldOutFiles(
  files: HeldOutMap<string>,
  expected: HeldOutMap<string>,
  folder: string,
  note: (line: string) => void,
): Promise<HeldOutMap<HeldOutFile>> {
  const read: Partial<Record<HeldOutName, HeldOutFile>> = {};
  for (const name of HELD_OUT) {
    const file = files[name];
    if (file === undefined) {
      if (expected[name] === undefined) continue;
      throw new InvalidArgumentError(`The record was made with a ${name} table, which it does not hold. Give it: --${name} FILE.`);
    }
    const { table, warnings } = await importTable(file, { format: tableFormat(file) });
    for (const warning of warnings) note(`${file}: ${warning}`);
    const tableFile = join(folder, `${name}.bin`);
    const { fingerprint } = await writeTableFile(tableFile, table);
    if ((expected[name] ?? fingerprint) !== fingerprint) {
      note(`${file} is not the ${name} table that the record was made with; the numbers will differ.`);
    }
    read[name] = { shape: shapeOf(table), tableFile };
  }
  return read;
}
