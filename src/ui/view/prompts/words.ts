/** US dollars; small amounts keep three digits. */
export function money(usd: number): string {
  if (usd === 0) return "$0";
  return usd >= 0.1 ? `$${usd.toFixed(2)}` : `$${usd.toPrecision(2)}`;
}

/** 318,204 → 318 k. */
export function thousands(count: number): string {
  if (count < 10_000) return count.toLocaleString("en");
  return count < 10_000_000 ? `${Math.round(count / 1000).toLocaleString("en")} k` : `${Math.round(count / 1_000_000)} M`;
}
