const PLAIN = /^[\w@%+=:,./-]+$/;

/** One word of a POSIX shell that means exactly `text`, whatever is in it. */
export function shellWord(text: string): string {
  // A plain word with "=" at the front of a line would be an assignment.
  if (PLAIN.test(text) && !/^\w+=/.test(text)) return text;
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Words as one line of a POSIX shell. */
export function shellLine(words: readonly string[]): string {
  return words.map(shellWord).join(" ");
}
