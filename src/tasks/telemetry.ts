import { createRequire } from "node:module";
import type * as OpenTelemetry from "@opentelemetry/api";
import type { Span, SpanContext, Link as SpanLink } from "@opentelemetry/api";
import type { Link, LinkEvents, Transport } from "./links/link.ts";
import type { TraceCarrier } from "./trace-carrier.ts";

/** A span that is open until its work is over. */
export interface OpenSpan {
  readonly carrier: TraceCarrier;
  end(failure?: string): void;
}

/** Where the API keeps what a program has registered. Without it there is nobody to tell, and the API is not even loaded. */
const REGISTERED = Symbol.for("opentelemetry.js.api.1");
const TRACER = "trainyard.tasks";

let api: typeof OpenTelemetry | null = null;

/** The API, when the program has registered a tracer; null otherwise. Cost of null: one look at the global object. */
function telemetry(): typeof OpenTelemetry | null {
  const registered = (globalThis as { readonly [REGISTERED]?: { readonly trace?: unknown } })[REGISTERED];
  if (registered?.trace === undefined) return null;
  api ??= createRequire(import.meta.url)("@opentelemetry/api") as typeof OpenTelemetry;
  return api;
}

export function isTracing(): boolean {
  return telemetry() !== null;
}

/** `daemons set <where>`, over at once. @returns what the spans of the profile refer to; null without telemetry. */
export function tellSet(what: "set" | "reset", profile: string, where: string, set: TraceCarrier | null): TraceCarrier | null {
  const attributes = { "trainyard.profile": profile, ...addressOf(where) };
  const span = begin(`daemons ${what} ${where}`, "INTERNAL", { attributes, link: set });
  span?.end();
  return span?.carrier ?? null;
}

/** The span of one task, on the host. */
export function beginTask(label: string, profile: string, set: TraceCarrier | null): OpenSpan | null {
  return begin("mirai", "CLIENT", { attributes: { "trainyard.task": label, "trainyard.profile": profile }, link: set });
}

/** Runs `work`, which submits the tasks of a map, within a span of its own. */
export function withinMap<T>(set: TraceCarrier | null, work: () => T): T {
  const otel = telemetry();
  if (otel === null) return work();
  const span = otel.trace.getTracer(TRACER).startSpan("mirai_map", { links: linksTo(set) });
  try {
    return otel.context.with(otel.trace.setSpan(otel.context.active(), span), work);
  } finally {
    span.end();
  }
}

/** In the daemon: runs a task within a span whose parent is the host's, so that what the task traces belongs to it. */
export async function evaluated<T>(
  parent: TraceCarrier,
  connect: TraceCarrier | null,
  isCancelled: () => boolean,
  work: () => T | Promise<T>,
): Promise<T> {
  const otel = telemetry();
  const above = spanContextOf(parent);
  if (otel === null || above === null) return work();
  const context = otel.trace.setSpanContext(otel.ROOT_CONTEXT, above);
  const span = otel.trace.getTracer(TRACER).startSpan("daemon eval", { kind: otel.SpanKind.SERVER, links: linksTo(connect) }, context);
  try {
    return await otel.context.with(otel.trace.setSpan(context, span), work);
  } catch (error) {
    span.setStatus({ code: otel.SpanStatusCode.ERROR, message: isCancelled() ? "miraiInterrupt" : "miraiError" });
    throw error;
  } finally {
    span.end();
  }
}

/** Each executor's coming and going as spans; it is told the first one, so that its own can refer to it. */
export function traced(transport: Transport, profile: string, where: () => string): Transport {
  return new Proxy(transport, {
    get(target, name) {
      if (name === "open") return (events: LinkEvents) => openTraced(target, events, profile, where());
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === "function" && name === "hold" ? member.bind(target) : member;
    },
  });
}

function openTraced(transport: Transport, events: LinkEvents, profile: string, where: string): Link {
  const options = { attributes: { "trainyard.profile": profile, ...addressOf(where) }, link: null };
  const connect = begin(`daemon connect ${where}`, "INTERNAL", options);
  if (connect === null) return transport.open(events);
  let isConnected = false;
  const link = transport.open({
    ...events,
    onMessage: (message) => {
      if (!isConnected) connect.end(); // a connection that never was leaves no span
      isConnected = true;
      events.onMessage(message);
    },
    onClose: (end) => {
      if (isConnected) begin(`daemon disconnect ${where}`, "INTERNAL", { ...options, link: connect.carrier })?.end();
      events.onClose(end);
    },
  });
  link.send(transport.pack({ type: "trace", connect: connect.carrier }));
  return link;
}

interface SpanParts {
  readonly attributes: Readonly<Record<string, string | number>>;
  readonly link: TraceCarrier | null;
}

function begin(name: string, kind: "INTERNAL" | "CLIENT", { attributes, link }: SpanParts): OpenSpan | null {
  const otel = telemetry();
  if (otel === null) return null;
  const span: Span = otel.trace.getTracer(TRACER).startSpan(name, { kind: otel.SpanKind[kind], attributes, links: linksTo(link) });
  return {
    carrier: carrierOf(span.spanContext()),
    end(failure) {
      if (failure !== undefined) span.setStatus({ code: otel.SpanStatusCode.ERROR, message: failure });
      span.end();
    },
  };
}

function carrierOf({ traceId, spanId, traceFlags, traceState }: SpanContext): TraceCarrier {
  const traceparent = `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, "0")}`;
  const tracestate = traceState?.serialize();
  return tracestate === undefined ? { traceparent } : { traceparent, tracestate };
}

/** Null for what is no carrier: telemetry never fails a task. */
function spanContextOf({ traceparent }: TraceCarrier): SpanContext | null {
  const [, traceId, spanId, flags] = /^00-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})$/.exec(traceparent) ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return null;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
}

function linksTo(carrier: TraceCarrier | null): SpanLink[] {
  const context = carrier === null ? null : spanContextOf(carrier);
  return context === null ? [] : [{ context }];
}

function addressOf(where: string): Readonly<Record<string, string | number>> {
  const [, transport = "pipe", host, port] = /^(?:(.*):\/\/)?(?:(.*):(\d+))?/.exec(where) ?? [];
  const address = host === undefined ? {} : { "server.address": host, "server.port": Number(port) };
  return { "network.transport": /^(?:tcp|tls\+tcp|wss?)$/.test(transport) ? "tcp" : transport === "ipc" ? "unix" : "pipe", ...address };
}
