/** `YYYY-MM-DDTHH:MM:SSZ`, UTC, whole seconds: how times travel in envelopes. */
export function wireTime(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 19)}Z`;
}

export function maybeWireTime(atMs: number | null): string | null {
  return atMs === null ? null : wireTime(atMs);
}

/** `YYYY-MM-DD HH:MM:SS` in the server's own time zone: how progress reports carry it. */
export function localTime(atMs: number): string {
  const at = new Date(atMs);
  const two = (n: number): string => String(n).padStart(2, "0");
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}
