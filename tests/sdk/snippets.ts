/** Tests of the snippets of docs/sdk.md, run as they stand there, against a gateway and a sandbox. */

import { assert } from "@std/assert";
import { PLAN, type Stage, stage } from "../reference/kit.ts";

/** The languages of the page: each has a snippet, and no snippet is in another language. */
export const LANGUAGES = ["sh", "ts", "python"] as const;

/** How the snippets of one language are run. */
export interface Runner {
  /** The command that runs `file`; undefined if this machine lacks what it needs. */
  command(file: string): Promise<string[] | undefined>;
  /** What the machine needs, as a Debian package. Default: nothing but Deno. */
  needs?: string;
}

/** A snippet, and what the page says that it prints: `…` stands for any text. */
interface Snippet {
  /** The heading it stands under. */
  heading: string;
  language: string;
  code: string;
  prints: string;
}

const PAGE = new URL("../../docs/sdk.md", import.meta.url);

/**
 * Declares one test for each snippet in `language`. Where `runner` finds no command the test only
 * says what is missing, except in CI (`CI=true`), where it fails.
 */
export function testSnippets(language: typeof LANGUAGES[number], runner: Runner): void {
  for (const [index, snippet] of readSnippets(Deno.readTextFileSync(PAGE)).entries()) {
    if (snippet.language !== language) continue;
    const name = `snippet ${index + 1} of docs/sdk.md, under "${snippet.heading}"`;
    Deno.test(`${name}, prints what the page says`, async () => {
      await using served = await stage();
      const said = await run(snippet, runner, served);
      if (said === undefined) return skipped(name, runner);
      assert(matches(said, snippet.prints), `it printed:\n${said}\ninstead of:\n${snippet.prints}`);
    });
  }
}

/** The languages that the page has snippets in, each once. */
export function languagesOfPage(): string[] {
  const languages = readSnippets(Deno.readTextFileSync(PAGE)).map(({ language }) => language);
  return [...new Set(languages)];
}

/** Each block of code with the block of text behind it. */
function readSnippets(page: string): Snippet[] {
  const heading = (index: number) =>
    [...page.slice(0, index).matchAll(/^## (.+)$/gm)].at(-1)?.[1] ?? "";
  return [...page.matchAll(/^```(\w+)\n(.*?)^```\n\n```text\n(.*?)^```$/gms)].map((found) => {
    const [, language = "", code = "", prints = ""] = found;
    return { heading: heading(found.index), language, code, prints };
  });
}

/** What a snippet prints, or undefined if this machine lacks what it needs. */
async function run(
  { language, code }: Snippet,
  runner: Runner,
  { gateway }: Stage,
): Promise<string | undefined> {
  const file = await Deno.makeTempFile({ suffix: `.${language}` });
  try {
    await Deno.writeTextFile(file, code);
    const [command, ...args] = await runner.command(file) ?? [];
    if (command === undefined) return undefined;
    const { success, stdout, stderr } = await new Deno.Command(command, {
      args,
      env: {
        SMS_GATEWAY: gateway.url,
        SERVICE_PLAN: PLAN,
        TOKEN: await gateway.token(),
        NO_COLOR: "1",
      },
    }).output();
    const decoder = new TextDecoder();
    assert(success, decoder.decode(stderr));
    return decoder.decode(stdout);
  } finally {
    await Deno.remove(file);
  }
}

/** Whether these lines are among those printed, in order: an SDK may log some of its own. */
function matches(printed: string, expected: string): boolean {
  const lines = expected.trim().split("\n").map((line) => line.split("…").map(RegExp.escape));
  return new RegExp(lines.map((parts) => `^${parts.join(".*")}\\s*?$`).join("[^]*"), "m")
    .test(printed);
}

function skipped(name: string, { needs }: Runner): void {
  const why = `${name}: skipped, since this machine lacks ${needs}`;
  assert(Deno.env.get("CI") !== "true", why);
  // deno-lint-ignore no-console -- the reader of the results has to know
  console.log(why);
}
