/** Runs the snippets of docs/sdk.md, unchanged, with a gateway and a sandbox. */

import { assert, assertEquals } from "@std/assert";
import { PLAN, type Stage, stage } from "../reference/kit.ts";
import { commonIssuer } from "../support/served.ts";
import { CLIENT, tokenIssuer } from "../support/token_issuer.ts";

/** The languages of the page's snippets. */
export const LANGUAGES = ["sh", "ts", "python"] as const;

/** How the snippets of one language are run. */
export interface Runner {
  /** The command that runs `file`; undefined if a required program is missing. */
  command(file: string): Promise<string[] | undefined>;
  /** The required Debian package. Default: none. */
  needs?: string;
}

/** A snippet and its documented output, in which `…` stands for any text. */
interface Snippet {
  /** Its heading. */
  heading: string;
  language: string;
  code: string;
  prints: string;
}

const PAGE = new URL("../../docs/sdk.md", import.meta.url);

/**
 * Declares one test for each snippet in `language`. If `runner` has no command, the test only
 * reports what is missing, except in CI (`CI=true`), where it fails.
 */
export function testSnippets(language: typeof LANGUAGES[number], runner: Runner): void {
  for (const [index, snippet] of readSnippets(Deno.readTextFileSync(PAGE)).entries()) {
    if (snippet.language !== language) continue;
    const name = `snippet ${index + 1} of docs/sdk.md, under "${snippet.heading}"`;
    Deno.test(`${name}, prints the documented output`, async () => {
      await using issuer = tokenIssuer(await commonIssuer());
      await using served = await stage({ AUTH_TOKEN_URL: issuer.url });
      const isOnce = snippet.heading === "Send it once";
      // The message is processed, and the first answer is lost.
      if (isOnce) served.sandbox.setFault({ reset: "mid_body", times: 1 });
      const output = await run(snippet, runner, served);
      if (output === undefined) return skipped(name, runner);
      if (isOnce) assertEquals(calls(served), ["POST", "GET"]);
      assert(
        matches(output, snippet.prints),
        `it printed:\n${output}\ninstead of:\n${snippet.prints}`,
      );
    });
  }
}

/** The methods of the requests that the sandbox has received. */
function calls({ sandbox }: Stage): string[] {
  return sandbox.requests().map(({ method }) => method);
}

/** The languages of the page's snippets, each once. */
export function languagesOfPage(): string[] {
  const languages = readSnippets(Deno.readTextFileSync(PAGE)).map(({ language }) => language);
  return [...new Set(languages)];
}

/** Each code block with the text block that follows it. */
function readSnippets(page: string): Snippet[] {
  const heading = (index: number) =>
    [...page.slice(0, index).matchAll(/^## (.+)$/gm)].at(-1)?.[1] ?? "";
  return [...page.matchAll(/^```(\w+)\n((?:(?!^```).)*)^```\n\n```text\n(.*?)^```$/gms)].map(
    (found) => {
      const [, language = "", code = "", prints = ""] = found;
      return { heading: heading(found.index), language, code, prints };
    },
  );
}

/** The output of a snippet, or undefined if a required program is missing. */
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
        CLIENT_ID: CLIENT.id,
        CLIENT_SECRET: CLIENT.secret,
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

/** Whether the output has these lines in order; an SDK may log further lines. */
export function matches(printed: string, expected: string): boolean {
  const lines = expected.trim().split("\n").map((line) => line.split("…").map(RegExp.escape));
  return new RegExp(lines.map((parts) => `^${parts.join(".*")}\\s*?$`).join("[^]*"), "m")
    .test(printed);
}

function skipped(name: string, { needs }: Runner): void {
  const why = `${name}: skipped, since this machine lacks ${needs}`;
  assert(Deno.env.get("CI") !== "true", why);
  // deno-lint-ignore no-console -- reports the skipped test
  console.log(why);
}
