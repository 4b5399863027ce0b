// A task of telemetry.test.ts that traces something of its own.
import { trace } from "@opentelemetry/api";

export function inner(n) {
  trace.getTracer("user").startSpan(`inner ${n}`).end();
  return n;
}
