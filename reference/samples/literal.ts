/** How a language writes the values of JSON. */
export interface Notation {
  readonly key: (name: string) => string;
  readonly words: Readonly<Record<"true" | "false" | "null", string>>;
}

export const TYPESCRIPT: Notation = {
  key: (name) => /^[A-Za-z_]\w*$/.test(name) ? name : JSON.stringify(name),
  words: { true: "true", false: "false", null: "null" },
};

export const PYTHON: Notation = {
  key: (name) => JSON.stringify(name),
  words: { true: "True", false: "False", null: "None" },
};

/** Writes a value of JSON as a literal, with objects on lines of their own. */
export function literal(value: unknown, notation: Notation, indent = ""): string {
  if (Array.isArray(value)) {
    return `[${value.map((entry) => literal(entry, notation, indent)).join(", ")}]`;
  }
  if (typeof value === "object" && value !== null) {
    const inner = `${indent}  `;
    const members = Object.entries(value).map(([name, member]) =>
      `${inner}${notation.key(name)}: ${literal(member, notation, inner)},\n`
    );
    return members.length === 0 ? "{}" : `{\n${members.join("")}${indent}}`;
  }
  const text = JSON.stringify(value);
  return notation.words[text as keyof Notation["words"]] ?? text;
}
