const encoder = new TextEncoder();

/** Prints results to stdout. */
export function print(text: string): void {
  Deno.stdout.writeSync(encoder.encode(text + "\n"));
}

/** Prints progress and errors to stderr. */
export function note(text: string): void {
  Deno.stderr.writeSync(encoder.encode(text + "\n"));
}

/** Formats a Markdown table; the first column is left-aligned, the others are right-aligned. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) =>
    Math.max(...[title, ...rows.map((row) => row[column] ?? "")].map((cell) => cell.length), 3)
  );
  const rule = widths.map((width, column) => column === 0 ? "-".repeat(width) : rightRule(width));
  return [line(head), `| ${rule.join(" | ")} |`, ...rows.map(line)].join("\n");

  function line(cells: readonly string[]): string {
    const padded = widths.map((width, column) => {
      const cell = cells[column] ?? "";
      return column === 0 ? cell.padEnd(width) : cell.padStart(width);
    });
    return `| ${padded.join(" | ")} |`;
  }
}

function rightRule(width: number): string {
  return "-".repeat(width - 1) + ":";
}

/** Formats a number with thousands separators and this many decimals. */
export function number(value: number, digits: number): string {
  return value.toLocaleString("en-US", {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}
