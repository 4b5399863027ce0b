// Registers a tracer that appends each span that ends to the file in TRACE_FILE, as a line of JSON. Loaded by host and daemons of telemetry.test.ts.
import { AsyncLocalStorage } from "node:async_hooks";
import { appendFileSync } from "node:fs";
import { context, ROOT_CONTEXT, trace } from "@opentelemetry/api";
import { BasicTracerProvider, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";

const storage = new AsyncLocalStorage();
context.setGlobalContextManager({
  active: () => storage.getStore() ?? ROOT_CONTEXT,
  with: (active, work, self, ...args) => storage.run(active, () => work.apply(self, args)),
  bind: (active, target) => (typeof target === "function" ? (...args) => storage.run(active, () => target(...args)) : target),
  enable() {
    return this;
  },
  disable() {
    return this;
  },
});

const exporter = {
  export(spans, done) {
    for (const span of spans) {
      const { name, kind, attributes, status, links } = span;
      const { spanId, traceId } = span.spanContext();
      const parent = span.parentSpanContext?.spanId ?? null;
      const line = {
        name,
        kind,
        attributes,
        status,
        spanId,
        traceId,
        parent,
        links: links.map((link) => link.context.spanId),
        pid: process.pid,
      };
      appendFileSync(process.env.TRACE_FILE, `${JSON.stringify(line)}\n`);
    }
    done({ code: 0 });
  },
  shutdown: async () => {},
};
trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
