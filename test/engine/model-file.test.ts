import { expect, test } from "vitest";
import { decodeModel } from "../../src/engine/model/model-file.ts";
import { predictTable } from "../../src/engine/model/predict.ts";
import { categoricalColumn, numericColumn, type Table, takeRows } from "../../src/engine/table.ts";
import { shapeOf } from "../../src/engine/train/shape.ts";
import { train } from "../../src/engine/train/train.ts";
import { validateTrainConfig } from "../../src/engine/train/validate.ts";
import { sampleTable } from "../support/tables.ts";

async function modelOf(sample: string, algorithm: string): Promise<{ table: Table; bytes: Uint8Array }> {
  const table = sampleTable(sample);
  const config = validateTrainConfig(
    { algorithm, seed: 3, hyperparameters: algorithm === "LightGBM" ? { nrounds: 20 } : {} },
    shapeOf(table),
  );
  return { table, bytes: (await train(config, table)).model };
}

for (const algorithm of ["GLMNET", "CART", "LightGBM"]) {
  for (const sample of ["iris", "diabetes", "titanic"]) {
    test(`a ${algorithm} model of ${sample} predicts the same to the bit from a file, wherever its bytes lie`, async () => {
      const { table, bytes } = await modelOf(sample, algorithm);
      const direct = predictTable(decodeModel(bytes), table);
      const shifted = predictTable(decodeModel(Buffer.concat([Buffer.alloc(5), bytes]).subarray(5)), table);
      expect(shifted).toEqual(direct);
      const first = direct.table.columns.at(-1);
      if (first?.kind !== "numeric") throw new Error("the last column is a probability or a number");
      expect(first.values.every(Number.isFinite)).toBe(true);
      // One row alone gets what it gets among others.
      const alone = { rows: 1, columns: table.columns.map((column) => takeRows(column, Int32Array.of(7))) };
      const one = predictTable(decodeModel(bytes), alone).table.columns.at(-1);
      expect(one?.kind === "numeric" && one.values[0]).toBe(first.values[7]);
    });
  }
}

test("new data is brought into the training form: unseen levels and text become missing and are counted, absent columns are named", async () => {
  const { table, bytes } = await modelOf("titanic", "LightGBM");
  const saved = decodeModel(bytes);
  const [travel, sex, age] = table.columns;
  if (travel === undefined || sex === undefined || age === undefined) throw new Error("titanic has these columns");
  const strange = {
    rows: 2,
    columns: [
      categoricalColumn("Class", ["4th", "1st"]),
      categoricalColumn("Sex", ["Male", null]),
      categoricalColumn("Age", ["Adult", "Child"]),
    ],
  };
  expect(predictTable(saved, strange).warnings).toEqual(['"Class" has 1 values not seen in training ("4th"); they count as missing.']);
  expect(() => predictTable(saved, { rows: 1, columns: [numericColumn("Klass", [1])] })).toThrowError(
    /needs the columns "Class", "Sex", "Age"/,
  );
});

test("what is not a model file, or is cut short or newer, is refused in one sentence", async () => {
  const { bytes } = await modelOf("iris", "CART");
  expect(() => decodeModel(new TextEncoder().encode("a,b\n1,2\n"))).toThrowError(/not a Trainyard model file/);
  expect(() => decodeModel(new Uint8Array())).toThrowError(/not a Trainyard model file/);
  for (const length of [17, 60, bytes.length - 8])
    expect(() => decodeModel(bytes.subarray(0, length))).toThrowError(/cut short|header cannot be read/);
  const newer = bytes.slice();
  newer[8] = 9;
  expect(() => decodeModel(newer)).toThrowError(/version 9; this program reads version 1/);
});
