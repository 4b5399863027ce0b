import { backward, backwardTargets, Variable } from "../../textgrad/index.ts";
import type { RpcParams } from "../../wire/json-rpc.ts";
import { Reply, RpcError } from "../../wire/json-rpc-peer.ts";
import type { Method } from "./method.ts";
import { runOperation } from "./operation-methods.ts";
import { decode, required, toFlag, toList, toObject, toText, toVariables } from "./references.ts";
import type { TellurioSession } from "./session.ts";

export const graphMethods: Readonly<Record<string, Method>> = {
  async run_function(session, params, signal) {
    const name = toText(required(params, "function_name"), "function_name");
    const gradEnabled = toFlag(params.grad_enabled ?? true, "grad_enabled");
    const args = toList(params.args ?? [], "args").map((value) => decode(value, session));
    const kwargs = Object.fromEntries(
      Object.entries(toObject(params.kwargs ?? {}, "kwargs")).map(([key, value]) => [key, decode(value, session)]),
    );
    const { recorder } = session;
    const { outputs, isSingle, models, scores } = await runOperation(session, name, args, kwargs, gradEnabled, signal);
    if (scores !== undefined) recorder?.evaluated(scores, outputs[0]?.gradFn != null);
    await session.pushAll([...models.map((entry) => session.usageRequest(entry)), ...session.graphRequests(outputs[0]?.gradFn ?? null)]);
    const records = outputs.map((output) => session.record(output));
    return { data: isSingle ? records[0] : records };
  },

  get_backprop_ids(session, params) {
    return { variable_ids: targetIds(session, toVariables(decode(required(params, "variables"), session), "variables")) };
  },

  async run_backward(session, params, signal) {
    const variables = toVariables(decode(required(params, "variables"), session), "variables");
    const gradients = toGradients(session, params, variables.length);
    const inputs = decode(params.inputs ?? null, session);
    // Before the pass: afterwards the graph may be freed, and the client has raised a flag on exactly these.
    const ids = targetIds(session, variables);
    const { backward: chosen, recorder } = session;
    const appended = await backward(variables, {
      model: chosen?.entry.model ?? null,
      args: chosen?.args,
      prompts: session.prompts,
      gradients,
      ...(params.retain_graph === null || params.retain_graph === undefined
        ? {}
        : { retainGraph: toFlag(params.retain_graph, "retain_graph") }),
      createGraph: toFlag(params.create_graph ?? false, "create_graph"),
      inputs: inputs === null ? null : toVariables(inputs, "inputs"),
      signal,
    });
    recorder?.backward(variables, appended);
    const requests: (readonly [string, RpcParams])[] = chosen === null ? [] : [session.usageRequest(chosen.entry)];
    for (const { variable, gradient } of appended) {
      const { data, role, requiresGrad: requires_grad } = gradient;
      requests.push([
        "append_grad",
        { variable_id: session.idOf(variable), gradient_id: session.register(gradient), gradient: { data, role, requires_grad } },
      ]);
    }
    await session.pushAll(requests);
    const lower = (): void => void session.push("clear_backward", { variable_ids: ids }).catch(() => {});
    return new Reply({ message: "Backward pass executed successfully." }, lower);
  },
};

function targetIds(session: TellurioSession, variables: readonly Variable[]): string[] {
  return backwardTargets(variables).flatMap((variable) => session.maybeIdOf(variable) ?? []);
}

function toGradients(session: TellurioSession, params: RpcParams, count: number): (Variable | null)[] | undefined {
  const given = decode(params.grad_variables ?? null, session);
  if (given === null) return undefined;
  const gradients = given instanceof Variable ? [given] : toList(given, "grad_variables");
  if (gradients.length !== count) {
    throw RpcError.params(`grad_variables must have one entry per variable: ${count} variables, ${gradients.length} gradients.`);
  }
  return gradients.map((gradient) => {
    if (gradient === null || gradient instanceof Variable) return gradient;
    throw RpcError.params("grad_variables must hold variables or null.");
  });
}
