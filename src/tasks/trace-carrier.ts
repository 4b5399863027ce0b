/** A span's identity on its way to another process, as W3C Trace Context writes it: https://www.w3.org/TR/trace-context/ */
export interface TraceCarrier {
  readonly traceparent: string;
  readonly tracestate?: string;
}
