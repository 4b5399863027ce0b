import {
  add,
  chatCompletion,
  deterministicEvaluator,
  type Evaluation,
  exactMatchEvaluator,
  lmJudgeEvaluator,
  type SuccessFunction,
  split,
  sum,
  type Variable,
} from "../../textgrad/index.ts";
import { RpcError } from "../../wire/json-rpc-peer.ts";
import {
  CallableRef,
  type Decoded,
  type ModelEntry,
  plain,
  toArguments,
  toInputs,
  toMessages,
  toModel,
  toTarget,
  toVariable,
  toVariables,
} from "./references.ts";
import type { TellurioSession } from "./session.ts";

/** Arguments of one operation by name, and what was left over for the provider. */
interface Call {
  readonly session: TellurioSession;
  readonly args: Readonly<Record<string, Decoded | undefined>>;
  readonly rest: Readonly<Record<string, Decoded>>;
  readonly gradEnabled: boolean;
  readonly signal: AbortSignal;
}

export interface OperationResult {
  readonly outputs: readonly Variable[];
  /** A record of its own, not a list of one. */
  readonly isSingle: boolean;
  readonly models: readonly ModelEntry[];
  /** Of an evaluation, per position. */
  readonly scores?: readonly unknown[];
}

interface Operation {
  readonly parameters: readonly string[];
  readonly takesRest: boolean;
  readonly run: (call: Call) => OperationResult | Promise<OperationResult>;
}

const REDUCTION = ["reduction_fn", "reduction_fn_purpose"];

const OPERATIONS: Readonly<Record<string, Operation>> = {
  Add: {
    parameters: ["x", "y"],
    takesRest: false,
    run: ({ args, gradEnabled }) => single(add(toVariable(args.x, "x"), toVariable(args.y, "y"), { gradEnabled })),
  },
  Sum: {
    parameters: ["x"],
    takesRest: false,
    run: ({ args, gradEnabled }) => single(sum(toVariables(args.x, "x"), { gradEnabled })),
  },
  Split: { parameters: ["x", "sep", "maxsplit"], takesRest: false, run: runSplit },
  ChatCompletion: { parameters: ["forward_model_client", "messages", "inputs"], takesRest: true, run: runChat },
  LMJudgeEvaluator: {
    parameters: ["forward_model_client", "messages", "prediction", "target", "inputs", "success_fn", ...REDUCTION, "eval_mode"],
    takesRest: true,
    run: runJudge,
  },
  DeterministicEvaluator: {
    parameters: ["prediction", "target", "eval_fn", "eval_fn_purpose", "success_fn", ...REDUCTION],
    takesRest: false,
    run: runDeterministic,
  },
  ExactMatchEvaluator: { parameters: ["prediction", "target", ...REDUCTION], takesRest: false, run: runExactMatch },
};

/** @throws {RpcError} for an unknown operation, too many or misnamed arguments; the operation's own errors. */
export async function runOperation(
  session: TellurioSession,
  name: string,
  positional: readonly Decoded[],
  named: Readonly<Record<string, Decoded>>,
  gradEnabled: boolean,
  signal: AbortSignal,
): Promise<OperationResult> {
  const operation = Object.hasOwn(OPERATIONS, name) ? OPERATIONS[name] : undefined;
  if (operation === undefined) {
    const known = Object.keys(OPERATIONS).join(", ");
    throw RpcError.params(
      `The operation "${name}" is not known to this server, which runs ${known}. Operations of your own cannot run here.`,
    );
  }
  const { parameters, takesRest } = operation;
  if (positional.length > parameters.length)
    throw RpcError.params(`${name} takes at most ${parameters.length} arguments, got ${positional.length}.`);
  const args: Record<string, Decoded> = Object.fromEntries(positional.map((value, index) => [parameters[index]!, value]));
  const rest: Record<string, Decoded> = {};
  for (const [key, value] of Object.entries(named)) {
    if (parameters.includes(key) && !Object.hasOwn(args, key)) args[key] = value;
    else if (takesRest && !parameters.includes(key)) rest[key] = value;
    else throw RpcError.params(`${name} got the argument "${key}" twice, or does not take it.`);
  }
  return operation.run({ session, args, rest, gradEnabled, signal });
}

function single(output: Variable, models: readonly ModelEntry[] = []): OperationResult {
  return { outputs: [output], isSingle: true, models };
}

function pair({ score, explanation, scores }: Evaluation, models: readonly ModelEntry[] = []): OperationResult {
  return { outputs: [score, explanation], isSingle: false, models, scores };
}

function runSplit({ args, gradEnabled }: Call): OperationResult {
  const separator = plain(args.sep ?? null);
  const maxSplit = plain(args.maxsplit ?? -1);
  if (separator !== null && typeof separator !== "string") throw RpcError.params("sep must be a text or null.");
  if (typeof maxSplit !== "number" || !Number.isInteger(maxSplit)) throw RpcError.params("maxsplit must be a whole number.");
  return { outputs: split(toVariable(args.x, "x"), { separator, maxSplit, gradEnabled }), isSingle: false, models: [] };
}

async function runChat({ args, rest, gradEnabled, signal }: Call): Promise<OperationResult> {
  const entry = toModel(args.forward_model_client, "the model");
  const options = { inputs: toInputs(args.inputs, "inputs"), args: toArguments(rest, "completion arguments"), gradEnabled, signal };
  return single(await chatCompletion(entry.model, toMessages(args.messages, "messages"), options), [entry]);
}

async function runJudge({ session, args, rest, gradEnabled, signal }: Call): Promise<OperationResult> {
  const entry = toModel(args.forward_model_client, "the model");
  const target = args.target === null || args.target === undefined ? null : toTarget(args.target, "target");
  const evaluation = await lmJudgeEvaluator(
    entry.model,
    toMessages(args.messages, "messages"),
    toVariable(args.prediction, "prediction"),
    target,
    {
      inputs: toInputs(args.inputs, "inputs"),
      args: toArguments(rest, "completion arguments"),
      evalMode: args.eval_mode !== false,
      prompts: session.prompts,
      gradEnabled,
      signal,
      ...functionsOf(session, args),
    },
  );
  return pair(evaluation, [entry]);
}

async function runDeterministic({ session, args, gradEnabled }: Call): Promise<OperationResult> {
  const evaluate = toCallable(session, args.eval_fn, "eval_fn");
  if (evaluate === null) throw RpcError.params("eval_fn must be a function.");
  const purpose = textOrNull(args.eval_fn_purpose);
  const evaluation = await deterministicEvaluator(
    toVariable(args.prediction, "prediction"),
    toTarget(args.target ?? null, "target"),
    evaluate,
    {
      ...(purpose === null ? {} : { purpose }),
      prompts: session.prompts,
      gradEnabled,
      ...functionsOf(session, args),
    },
  );
  return pair(evaluation);
}

async function runExactMatch({ session, args, gradEnabled }: Call): Promise<OperationResult> {
  const { successFn: _unused, ...functions } = functionsOf(session, args);
  const evaluation = await exactMatchEvaluator(toVariable(args.prediction, "prediction"), toTarget(args.target ?? null, "target"), {
    prompts: session.prompts,
    gradEnabled,
    ...functions,
  });
  return pair(evaluation);
}

/** Functions of the client, as functions of plain data. What was not sent keeps the engine's default; null switches it off. */
function functionsOf(session: TellurioSession, args: Call["args"]) {
  const success = toCallable(session, args.success_fn, "success_fn");
  const reduce = toCallable(session, args.reduction_fn, "reduction_fn");
  return {
    successFn: success as SuccessFunction | null,
    reductionPurpose: textOrNull(args.reduction_fn_purpose),
    ...(args.reduction_fn === undefined ? {} : { reductionFn: reduce }),
  };
}

function toCallable(session: TellurioSession, value: Decoded | undefined, what: string): ((...args: unknown[]) => Promise<unknown>) | null {
  if (value === null || value === undefined) return null;
  if (!(value instanceof CallableRef)) throw RpcError.params(`${what} must be a function.`);
  return (...args) => session.callable(value.id, args);
}

function textOrNull(value: Decoded | undefined): string | null {
  const text = plain(value ?? null);
  return text === null ? null : String(text);
}
