/** Why a link was closed, and whether connecting again with the same settings can help. Codes of RFC 6455, section 7.4. */
export const CLOSE_CODES = {
  /** Either side was done. */
  normal: { code: 1000, retry: false },
  /** The server stops or restarts. */
  goingAway: { code: 1001, retry: true },
  /** A text message was sent; the protocol is binary only. */
  notBinary: { code: 1003, retry: false },
  /** No TCP close was seen: the network or the server is gone. */
  lost: { code: 1006, retry: true },
  /** Not authenticated: three wrong tokens, or none in time. */
  notAuthenticated: { code: 1008, retry: false },
  /** More bytes than allowed. */
  tooBig: { code: 1009, retry: false },
  /** The server failed at this link. */
  serverFault: { code: 1011, retry: true },
  /** The reader was too slow for changes of state; join again with `since`. */
  tooSlow: { code: 1013, retry: true },
} as const;

/** Whether a client should connect again after a close with this code. Unknown codes: yes. */
export function deservesRetry(code: number): boolean {
  return Object.values(CLOSE_CODES).find((entry) => entry.code === code)?.retry ?? true;
}
