/** What a colour may say. The word and the glyph beside it say the same. */
export type Tone = "plain" | "accent" | "ok" | "warn" | "bad";
