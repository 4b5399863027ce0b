import { type ChatModel, limitModel, openAIChatModel } from "../../textgrad/index.ts";
import { RpcError } from "../../wire/json-rpc-peer.ts";
import type { Method } from "./method.ts";
import { required, toArguments, toObject, toText } from "./references.ts";

/** Calls of one client to one model at the same time. */
const CONCURRENCY = 8;
const CLASSES: readonly string[] = ["OpenAI", "AsyncOpenAI"];

export const modelMethods: Readonly<Record<string, Method>> = {
  create_model(session, params) {
    const provider = toText(required(params, "provider"), "provider");
    if (provider !== "openai")
      throw RpcError.params(`The provider "${provider}" is not known; "openai" is, for any endpoint that speaks its protocol.`);
    const classType = toText(params.class_type ?? "OpenAI", "class_type");
    if (!CLASSES.includes(classType)) throw RpcError.params(`class_type must be one of ${CLASSES.join(", ")}, got "${classType}".`);
    const config = toObject(required(params, "config"), "config");
    return { model_id: session.addModel(openModel(config), secretsOf(config)).id };
  },

  async clear_model_usage(session, params) {
    const entry = session.model(required(params, "model_id"));
    entry.model.clearUsage();
    const [method, usage] = session.usageRequest(entry);
    await session.push(method, usage);
    return { model_id: entry.id };
  },

  set_model_singleton(session, params) {
    const entry = session.model(required(params, "model_id"));
    const name = toText(required(params, "model_name"), "model_name");
    const completion_args = required(params, "completion_args");
    if (typeof params.client_args === "object" && params.client_args !== null)
      session.keepSecret(secretsOf(toObject(params.client_args, "client_args")));
    session.backward = { entry, args: { model: name.replace(/^openai\//, ""), ...toArguments(completion_args, "completion_args") } };
    return { model_id: entry.id, completion_args };
  },
};

/** The client's description as a model. The key stays in it; nothing is taken from this server's environment. */
function openModel(config: Readonly<Record<string, unknown>>): ChatModel {
  const timeout = config.timeout;
  const model = openAIChatModel({
    apiKey: typeof config.api_key === "string" ? config.api_key : "",
    ...optional("baseUrl", config.base_url),
    ...optional("organization", config.organization),
    ...optional("project", config.project),
    ...(typeof timeout === "number" && timeout > 0 ? { timeoutMs: timeout * 1000 } : {}),
    ...(typeof config.max_retries === "number" ? { maxRetries: config.max_retries } : {}),
    ...(config.default_headers === undefined ? {} : { headers: toTexts(config.default_headers, "default_headers") }),
    ...(config.default_query === undefined ? {} : { query: toTexts(config.default_query, "default_query") }),
  });
  return limitModel(model, { concurrency: CONCURRENCY });
}

function optional<Name extends string>(name: Name, value: unknown): { readonly [key in Name]?: string } {
  return typeof value === "string" && value !== "" ? ({ [name]: value } as { readonly [key in Name]: string }) : {};
}

function toTexts(value: unknown, what: string): Record<string, string> {
  if (value === null) return {};
  return Object.fromEntries(Object.entries(toObject(value, what)).map(([name, text]) => [name, String(text)]));
}

/** Everything in a description that may give access: the key, and the values of headers and query. */
function secretsOf(config: Readonly<Record<string, unknown>>): string[] {
  const values = [
    config.api_key,
    ...Object.values(Object(config.default_headers ?? {})),
    ...Object.values(Object(config.default_query ?? {})),
  ];
  return values.filter((value): value is string => typeof value === "string");
}
