export interface ScriptedMessage {
  readonly role: string;
  readonly content: string;
}
export interface ScriptedModel {
  readonly baseUrl: string;
  readonly requests: number;
  /** Every key that was presented. */
  readonly keys: ReadonlySet<string>;
  close(): Promise<void>;
}
export type ScriptedReply = string | { readonly status: number; readonly message: string };
export function startScriptedModel(options?: {
  readonly reply?: (
    messages: readonly ScriptedMessage[],
    body: Readonly<Record<string, unknown>>,
  ) => ScriptedReply | Promise<ScriptedReply>;
  readonly port?: number;
  /** Time that it thinks. Default 0. */
  readonly delayMs?: number;
}): Promise<ScriptedModel>;
