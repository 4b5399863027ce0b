import { randomUUID } from "node:crypto";
import {
  type DescentItem,
  type DescentOptions,
  type DescentResult,
  descend,
  type PastVersion,
  type PromptMessage,
  type Variable,
} from "../../textgrad/index.ts";
import type { RpcParams } from "../../wire/json-rpc.ts";
import { Reply, RpcError } from "../../wire/json-rpc-peer.ts";
import type { Method } from "./method.ts";
import {
  decode,
  isModelEntry,
  type ModelEntry,
  plain,
  referenceTo,
  required,
  toArguments,
  toInputs,
  toList,
  toMessages,
  toModel,
  toObject,
  toText,
  toVariable,
  toVariables,
} from "./references.ts";
import type { OptimizerEntry, TellurioSession } from "./session.ts";

export const optimizerMethods: Readonly<Record<string, Method>> = {
  create_optimizer(session, params) {
    const name = toText(required(params, "optimizer_name"), "optimizer_name");
    if (name !== "TGD") throw RpcError.params(`The optimizer "${name}" is not known; this server has "TGD".`);
    const defaults = toObject(params.defaults ?? {}, "defaults");
    const given = toList(required(params, "params"), "params");
    if (given.length === 0) throw RpcError.params("An optimizer needs at least one parameter.");
    const isGroup = (item: unknown): boolean => typeof item === "object" && item !== null && Object.hasOwn(item, "params");
    const groups = given.every(isGroup) ? given.map((group) => toObject(group, "params")) : [{ params: given }];
    const entry: OptimizerEntry = { defaults, groups: groups.map((group) => ({ ...defaults, ...group })), past: new Map() };
    for (const group of entry.groups) checkGroup(session, group);
    const optimizer_id = randomUUID();
    session.optimizers.set(optimizer_id, entry);
    return { optimizer_id, defaults, state: [], param_groups: entry.groups };
  },

  add_param_group(session, params) {
    const entry = session.optimizer(required(params, "optimizer_id"));
    const group = { ...entry.defaults, ...toObject(required(params, "param_group"), "param_group") } as RpcParams;
    const all: RpcParams = { ...group, params: Array.isArray(group.params) ? group.params : [group.params] };
    checkGroup(session, all);
    entry.groups.push(all);
    return { param_group: all };
  },

  clear_grad(session, params) {
    for (const { variable } of parametersOf(session, session.optimizer(required(params, "optimizer_id")))) variable.grad = [];
    return { message: "Gradients cleared successfully." };
  },

  async run_step(session, params, signal) {
    const { recorder } = session;
    const entry = session.optimizer(required(params, "optimizer_id"));
    const groups = entry.groups.map((group) => {
      const items = toVariables(decode(group.params, session), "params").map((parameter) => ({
        parameter,
        gradients: [...parameter.grad],
        past: entry.past.get(parameter) ?? [],
      }));
      return { items, ...toOptions(session, group) };
    });
    const results = (await Promise.all(groups.map(({ items, options }) => descend(items, { ...options, signal })))).flat();
    const before = new Map(results.map(({ parameter }) => [parameter, entry.past.get(parameter) ?? []]));
    for (const { parameter, past } of results) entry.past.set(parameter, past);
    const looked = groups.flatMap(({ items }) => items.map(withText));
    await publish(
      session,
      results,
      before,
      groups.map(({ model }) => model),
    );
    recorder?.stepped(looked);
    const state = results
      .filter(({ past }) => past.length > 0)
      .map(({ parameter, past }) => ({ key: referenceTo(parameter, session), value: { momentum_buffer: pairs(session, past) } }));
    return finished(session, results, { message: "Optimizer step executed successfully.", state });
  },

  async run_optimizer_tgd(session, params, signal) {
    const { recorder } = session;
    const parameters = toVariables(decode(required(params, "params"), session), "params");
    const gradients = toList(required(params, "grads"), "grads");
    const buffers = toList(params.momentum_buffer_list ?? parameters.map(() => []), "momentum_buffer_list");
    if (gradients.length !== parameters.length || buffers.length !== parameters.length) {
      throw RpcError.params(
        `params, grads and momentum_buffer_list must be equally long, got ${parameters.length}, ${gradients.length}, ${buffers.length}.`,
      );
    }
    const items: DescentItem[] = parameters.map((parameter, index) => ({
      parameter,
      gradients: toVariables(decode(gradients[index] ?? [], session), "grads"),
      past: toPast(session, buffers[index]),
    }));
    const { options, model } = toOptions(session, params);
    const results = await descend(items, { ...options, signal });
    const looked = items.map(withText);
    await publish(session, results, new Map(items.map(({ parameter, past }) => [parameter, past])), [model]);
    recorder?.stepped(looked);
    return finished(session, results, {
      message: "Functional TGD optimization step executed successfully.",
      momentum_buffer_list: results.map(({ past }) => pairs(session, past)),
    });
  },
};

/** What the step looks at, as it is before. */
function withText({ parameter, gradients }: DescentItem) {
  return { parameter, before: parameter.data, gradients };
}

function checkGroup(session: TellurioSession, group: RpcParams): void {
  for (const parameter of toVariables(decode(group.params, session), "params")) {
    if (!parameter.isLeaf) throw RpcError.params(`"${parameter.role}" is a result, not a leaf; only leaves can be optimized.`);
  }
  toOptions(session, group);
}

function parametersOf(session: TellurioSession, entry: OptimizerEntry): { readonly variable: Variable }[] {
  return entry.groups.flatMap((group) => toVariables(decode(group.params, session), "params").map((variable) => ({ variable })));
}

function toOptions(session: TellurioSession, group: RpcParams): { readonly options: DescentOptions; readonly model: ModelEntry } {
  const model = decode(group.model_client ?? null, session);
  if (!isModelEntry(model)) toModel(model, "model_client");
  const entry = model as ModelEntry; // just checked
  const momentum = plain(decode(group.momentum ?? 0, session));
  if (typeof momentum !== "number") throw RpcError.params("momentum must be a number.");
  const messages = group.messages === null || group.messages === undefined ? [] : toMessages(decode(group.messages, session), "messages");
  const constraints = toList(group.constraints ?? [], "constraints").map((one) => {
    const decoded = decode(one, session);
    return typeof decoded === "string" ? decoded : toVariable(decoded, "a constraint");
  });
  const options = {
    model: entry.model,
    messages: messages.length === 0 || messages.every(isPlaceholder) ? null : messages,
    inputs: toInputs(decode((group.inputs as never) ?? null, session), "inputs"),
    constraints,
    momentum,
    prompts: session.prompts,
    args: toArguments(decode((group.completion_args as never) ?? null, session), "completion_args"),
  };
  return { options, model: entry };
}

/** The client's stand-ins for the prompts that the server has itself. */
function isPlaceholder({ content }: PromptMessage): boolean {
  return (
    content.length > 0 &&
    content.every(({ data, role }) => data === `Placeholder for ${role}` && role.startsWith("Textual Gradient Descent optimizer"))
  );
}

/** Announces copies, then new texts, then usage. Texts are assigned when nothing can fail any more. */
async function publish(
  session: TellurioSession,
  results: readonly DescentResult[],
  before: ReadonlyMap<Variable, readonly PastVersion[]>,
  models: readonly ModelEntry[],
): Promise<void> {
  const requests: (readonly [string, RpcParams])[] = [];
  for (const { parameter, past } of results) {
    for (const version of past) {
      if (before.get(parameter)?.includes(version)) continue;
      session.register(version.value);
      requests.push(["create_variable", { ...session.record(version.value), obj_type: session.typeOf(version.value) }]);
    }
  }
  for (const { parameter, data } of results) {
    if (JSON.stringify(parameter.data) === JSON.stringify(data)) continue;
    parameter.data = data;
    requests.push(["update_variable", { variable_id: session.idOf(parameter), field: "data", value: data }]);
  }
  requests.push(...[...new Set(models)].map((entry) => session.usageRequest(entry)));
  await session.pushAll(requests);
}

function finished(session: TellurioSession, results: readonly DescentResult[], result: RpcParams): Reply {
  const variable_ids = results.map(({ parameter }) => session.idOf(parameter));
  return new Reply(result, () => void session.push("clear_step", { variable_ids }).catch(() => {}));
}

function pairs(session: TellurioSession, past: readonly PastVersion[]): unknown[] {
  return past.map(({ value, gradients }) => [referenceTo(value, session), gradients.map((gradient) => referenceTo(gradient, session))]);
}

function toPast(session: TellurioSession, buffer: unknown): PastVersion[] {
  return toList(buffer ?? [], "momentum_buffer_list").map((pair) => {
    const [value, gradients] = toList(pair, "momentum_buffer_list");
    return {
      value: toVariable(decode(value, session), "a copy of a parameter"),
      gradients: toVariables(decode(gradients ?? [], session), "gradients"),
    };
  });
}
