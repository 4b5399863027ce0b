import { decodeEnvelope, encodeEnvelope } from "../../wire/envelope.ts";

/** What a thread prints. It comes as messages: reading a worker's own streams would keep the host's process alive. */
export interface OutputMessage {
  readonly type: "output";
  readonly from: "stdout" | "stderr";
  readonly text: string;
}

export function isOutput(raw: unknown): raw is OutputMessage {
  return (raw as { readonly type?: unknown } | null)?.type === "output";
}

/** An error as bytes of our own codec: structured clone would lose its code and fields. */
export function encodeError(error: unknown): Uint8Array {
  const chunks = encodeEnvelope(error);
  return chunks.length === 1 ? chunks[0]! : new Uint8Array(Buffer.concat(chunks));
}

/** A message as a thread sent it, with its error as an error again. */
export function decodeError(raw: unknown): unknown {
  const message = raw as { readonly type?: unknown; readonly error?: unknown } | null;
  if (message?.type !== "failed" || !(message.error instanceof Uint8Array)) return raw;
  return { ...message, error: decodeEnvelope(message.error) };
}
