/** A Markdown table, padded as `deno fmt` does. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [header, ...rows].map((cells) => cells.map((cell) => cell.replaceAll("|", "\\|")));
  const widths = header.map((_, column) =>
    Math.max(3, ...lines.map((cells) => [...cells[column] ?? ""].length))
  );
  const line = (cells: readonly string[]) =>
    `| ${widths.map((width, column) => padded(cells[column] ?? "", width)).join(" | ")} |`;
  const [first = [], ...rest] = lines;
  return [line(first), line(widths.map((width) => "-".repeat(width))), ...rest.map(line)].join(
    "\n",
  );
}

function padded(cell: string, width: number): string {
  return cell + " ".repeat(width - [...cell].length);
}
