/** The blocks of code of the README and of docs, and which test runs them. */

import { assert } from "@std/assert";

const ROOT = new URL("../../", import.meta.url);

/** A fenced block of a Markdown file. */
export interface Block {
  /** Path of the file in the repository. */
  readonly file: string;
  /** The heading above it. */
  readonly heading: string;
  readonly language: string;
  /** Whether it is an illustration, with the word `ignore` after the language. */
  readonly ignored: boolean;
  readonly code: string;
  /** The text block right below it, which has the output that it must print. */
  readonly output: string | undefined;
}

/** File → language → the test that runs its blocks, except for those with the word `ignore`. */
export const RUN_BY: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "README.md": {
    sh: "tests/sdk/demo_blocks.suite.ts",
    text: "tests/sdk/demo_blocks.suite.ts",
  },
  "docs/quick-start.md": {
    sh: "tests/sdk/demo_blocks.suite.ts",
    ts: "tests/docs/blocks.test.ts",
  },
  "docs/sdk.md": {
    sh: "tests/sdk/snippets.suite.ts",
    ts: "tests/sdk/snippets.test.ts",
    python: "tests/sdk/snippets.suite.ts",
  },
  "docs/telemetry.md": { sh: "tests/docs/telemetry.test.ts" },
};

/** Languages whose blocks `tests/docs/blocks.test.ts` parses, in every file. */
export const PARSED: ReadonlySet<string> = new Set(["json", "toml", "yaml"]);

/** A diagram, which forges draw. */
export const DIAGRAM = "mermaid";

/** The README and the pages of docs. */
export function documentedFiles(): string[] {
  const pages = [...Deno.readDirSync(new URL("docs/", ROOT))].filter(({ name }) =>
    name.endsWith(".md")
  );
  return ["README.md", ...pages.map(({ name }) => `docs/${name}`).toSorted()];
}

/** The blocks of a file, in order. An output is not a block of its own. */
export function blocksOf(file: string): Block[] {
  const text = Deno.readTextFileSync(new URL(file, ROOT));
  const found = [...text.matchAll(/^( *)```([^\n`]+)\n(.*?)^\1```$/gms)];
  assert(text.split(/^ *```/m).length === 2 * found.length + 1, `${file}: a fence without end`);
  const blocks: Block[] = [];
  for (
    const [index, { 1: indent = "", 2: info = "", 3: code = "", index: at }] of found.entries()
  ) {
    if (isOutput(text, found[index - 1], at, info)) continue;
    const next = found[index + 1];
    const [language = "", ...words] = info.split(" ");
    blocks.push({
      file,
      language,
      heading: [...text.slice(0, at).matchAll(/^#+ (.+)$/gm)].at(-1)?.[1] ?? "",
      ignored: words.includes("ignore"),
      code: code.replaceAll(new RegExp(`^${indent}`, "gm"), ""),
      output: next && isOutput(text, found[index], next.index, next[2] ?? "") ? next[3] : undefined,
    });
  }
  return blocks;
}

/** Whether a text block is right below a block of another language. */
function isOutput(
  text: string,
  above: RegExpExecArray | undefined,
  at: number,
  info: string,
): boolean {
  if (!above || info !== "text" || above[2]?.startsWith("text")) return false;
  return text.slice(above.index + above[0].length, at).trim() === "";
}
