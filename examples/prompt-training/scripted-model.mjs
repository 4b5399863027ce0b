import { createServer } from "node:http";
import { answer } from "./rules.mjs";

/**
 * A language model for tests and examples: an HTTP server on this machine that speaks OpenAI's chat protocol, streaming included, and
 * answers by `rules.mjs` or by another function of the messages. Any key is accepted; requests are counted.
 */
export async function startScriptedModel({ reply = answer, port = 0, delayMs = 0 } = {}) {
  const state = { requests: 0, keys: new Set(), delayMs };
  const server = createServer((request, response) => {
    respond(request, response, reply, state).catch((error) => sendError(response, 500, String(error?.message ?? error)));
  });
  await new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  return {
    baseUrl: `http://127.0.0.1:${server.address().port}/v1`,
    get requests() {
      return state.requests;
    },
    keys: state.keys,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function respond(request, response, reply, state) {
  if (request.method !== "POST" || new URL(request.url, "http://model").pathname !== "/v1/chat/completions") {
    return sendError(response, 404, "There are chat completions only.");
  }
  state.keys.add(String(request.headers.authorization ?? "").replace(/^Bearer /, ""));
  let text = "";
  for await (const chunk of request) text += chunk;
  const body = JSON.parse(text);
  state.requests++;
  if (state.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, state.delayMs));
  const content = await reply(body.messages, body);
  if (content !== null && typeof content === "object") return sendError(response, content.status, content.message);
  const usage = usageOf(body.messages, content);
  const head = { id: `chatcmpl-${state.requests}`, created: Math.floor(Date.now() / 1000), model: body.model };
  if (body.stream === true) return stream(response, head, content, usage);
  const choice = { index: 0, message: { role: "assistant", content }, finish_reason: "stop" };
  send(response, 200, { ...head, object: "chat.completion", choices: [choice], usage });
}

function stream(response, head, content, usage) {
  response.writeHead(200, { "Content-Type": "text/event-stream" });
  const write = (fields) => response.write(`data: ${JSON.stringify({ ...head, object: "chat.completion.chunk", ...fields })}\n\n`);
  for (const piece of content.match(/\s*\S+\s*/g) ?? [content])
    write({ choices: [{ index: 0, delta: { content: piece }, finish_reason: null }] });
  write({ choices: [{ index: 0, delta: {}, finish_reason: "stop" }] });
  write({ choices: [], usage });
  response.end("data: [DONE]\n\n");
}

/** A token is a word here. */
function usageOf(messages, content) {
  const count = (text) => String(text).split(/\s+/).filter(Boolean).length;
  const prompt_tokens = messages.reduce((sum, message) => sum + count(message.content), 0);
  const completion_tokens = count(content);
  return { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens };
}

function send(response, status, body) {
  response.writeHead(status, { "Content-Type": "application/json" });
  response.end(JSON.stringify(body));
}

function sendError(response, status, message) {
  if (response.headersSent) response.destroy();
  else send(response, status, { error: { message, type: "scripted", code: null } });
}
