// Tables of text for people: columns as wide as their widest cell.

/** Prints a head and rows of strings, all of the same length. */
export function printTable(head, rows) {
  const widths = head.map((title, j) => Math.max(title.length, ...rows.map((row) => row[j].length)));
  const line = (cells) =>
    cells
      .map((cell, j) => cell.padEnd(widths[j]))
      .join("  ")
      .trimEnd();
  console.log([head, widths.map((width) => "-".repeat(width)), ...rows].map(line).join("\n"));
}
