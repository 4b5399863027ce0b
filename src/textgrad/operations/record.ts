import { isGradEnabled } from "../gradient-mode.ts";
import type { TextData } from "../values.ts";
import { type BackwardFunction, type Edge, GraphNode, Variable } from "../variable.ts";

export interface OperationOptions {
  /** Overrules `noGrad` for this operation, either way. */
  readonly gradEnabled?: boolean | undefined;
}

export interface OperationOutput {
  readonly data: TextData;
  readonly role: string;
}

/** Whether a graph will be recorded over these inputs. Ask before the first `await`. */
export function willRecord(inputs: readonly Variable[], { gradEnabled = isGradEnabled() }: OperationOptions): boolean {
  return gradEnabled && inputs.some((input) => input.requiresGrad);
}

/** The results of an operation, with one edge per input, in order, when it is recorded. */
export function record(
  operation: string,
  inputs: readonly Variable[],
  outputs: readonly OperationOutput[],
  isRecorded: boolean,
  backward: BackwardFunction,
): Variable[] {
  const roles = outputs.map(({ role }) => role);
  const node = isRecorded ? new GraphNode(`${operation}Backward0`, inputs.map(edgeOf), roles, backward) : null;
  return outputs.map(({ data, role }, index) => Variable.resultOf(node, index, data, role));
}

function edgeOf(input: Variable): Edge {
  const { role } = input;
  if (!input.requiresGrad) return { node: null, outputNr: 0, role };
  return input.gradFn === null ? { node: input.accumulator(), outputNr: 0, role } : { node: input.gradFn, outputNr: input.outputNr, role };
}
