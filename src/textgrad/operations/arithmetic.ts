import { InvalidArgumentError } from "../../core/errors.ts";
import { fill } from "../prompts/template.ts";
import { batchLength, isBatch, items, joinedText, type Scalar, type TextData } from "../values.ts";
import type { BackwardFunction, Variable } from "../variable.ts";
import { type OperationOptions, record, willRecord } from "./record.ts";

/**
 * Numbers add, texts are joined; a text and a number are joined as texts. Lists of equal length go element by element.
 * @throws {InvalidArgumentError} for lists of different lengths and for a list with a single value.
 */
export function add(x: Variable, y: Variable, options: OperationOptions = {}): Variable {
  const isRecorded = willRecord([x, y], options);
  const data = addData(x.data, y.data);
  return record("Add", [x, y], [{ data, role: `${x.role} and ${y.role}` }], isRecorded, combined([x, y]))[0]!;
}

/**
 * Numbers add; texts are each wrapped in `<ITEM></ITEM>` and joined; lists go position by position with the same rule.
 * @throws {InvalidArgumentError} without inputs, for lists of different lengths, and for lists beside single values.
 */
export function sum(inputs: readonly Variable[], options: OperationOptions = {}): Variable {
  const first = inputs[0];
  if (first === undefined) throw new InvalidArgumentError("sum needs at least one variable.");
  const isRecorded = willRecord(inputs, options);
  const values = inputs.map((input) => input.data);
  const length = batchLength(values, "sum");
  if (length !== null && !values.every(isBatch)) throw new InvalidArgumentError("sum cannot mix lists and single values.");
  const data =
    length === null
      ? sumScalars(values as readonly Scalar[]) // no value is a list here
      : Array.from({ length }, (_, index) => sumScalars(values.map((value) => (value as readonly Scalar[])[index]!)));
  return record("Sum", inputs, [{ data, role: inputs.map((input) => input.role).join(" and ") }], isRecorded, combined(inputs))[0]!;
}

function addData(x: TextData, y: TextData): TextData {
  if (isBatch(x) !== isBatch(y)) throw new InvalidArgumentError("add cannot mix a list and a single value.");
  if (!isBatch(x) || !isBatch(y)) return addScalars(x as Scalar, y as Scalar);
  batchLength([x, y], "add");
  return x.map((value, index) => addScalars(value, y[index]!));
}

function addScalars(x: Scalar, y: Scalar): Scalar {
  return typeof x === "string" || typeof y === "string" ? String(x) + String(y) : Number(x) + Number(y);
}

function sumScalars(values: readonly Scalar[]): Scalar {
  return values.some((value) => typeof value === "string")
    ? items(values)
    : values.reduce<number>((total, value) => total + Number(value), 0);
}

/** Above so many criticisms of one value the equal ones are dropped and the rest travels as one: paths multiply, criticism must not. */
const SEPARATE_MAX = 16;

/** Passes each criticism of the result on to every input, introduced by one sentence. */
function combined(inputs: readonly Variable[]): BackwardFunction {
  const roles = inputs.map((input) => input.role);
  return ([feedback = []], wanted, { prompts }) => {
    const texts = feedback.map(({ data }) => joinedText(data));
    const sent = texts.length > SEPARATE_MAX ? [items([...new Set(texts)])] : texts;
    return roles.map((role, index) =>
      wanted[index] === true ? sent.map((text) => fill(prompts.combinedFeedback, { role, feedback: text })) : [],
    );
  };
}
