/** The snippets of docs/sdk.md, run as they stand there, against a gateway and a sandbox. */

import { assert } from "@std/assert";
import { PLAN, type Stage, stage } from "../reference/kit.ts";
import { venv } from "../support/venv.ts";

/** A snippet, and what the page says that it prints: `…` stands for anything. */
interface Snippet {
  /** The heading it stands under. */
  heading: string;
  language: string;
  code: string;
  prints: string;
}

/** Language → the command that runs a file of it; undefined where that is not here. */
const RUNNERS: Readonly<Record<string, (file: string) => Promise<string[] | undefined>>> = {
  sh: async (file) => await isThere("curl") ? ["bash", "-euo", "pipefail", file] : undefined,
  ts: (file) =>
    Promise.resolve([Deno.execPath(), "run", "--quiet", "--allow-all", ...CONFIG, file]),
  python: async (file) => {
    const python = await pythonSdk();
    return python === undefined ? undefined : [python, file];
  },
};

/** Language → the Debian packages that bring it. */
const NEEDS: Readonly<Record<string, string>> = {
  sh: "curl",
  python: "python3-venv, and a package index to install the SDK from",
};

const ROOT = new URL("../../", import.meta.url);
const CONFIG = ["--config", new URL("deno.json", ROOT).pathname];
const isGate = Deno.env.get("CI") === "true";

const snippets = readSnippets(await Deno.readTextFile(new URL("docs/sdk.md", ROOT)));

for (const language of Object.keys(RUNNERS)) {
  assert(snippets.some((snippet) => snippet.language === language), `no snippet in ${language}`);
}

for (const [index, snippet] of snippets.entries()) {
  const name = `snippet ${index + 1} of docs/sdk.md, under "${snippet.heading}"`;
  Deno.test(`${name}, prints what the page says`, async () => {
    await using served = await stage();
    const said = await run(snippet, served);
    if (said === undefined) return skipped(name, snippet.language);
    assert(matches(said, snippet.prints), `it printed:\n${said}\ninstead of:\n${snippet.prints}`);
  });
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

/** What a snippet prints, or undefined where what it takes is not on this machine. */
async function run({ language, code }: Snippet, { gateway }: Stage): Promise<string | undefined> {
  const file = await Deno.makeTempFile({ suffix: `.${language}` });
  try {
    await Deno.writeTextFile(file, code);
    const [command, ...args] = await RUNNERS[language]?.(file) ?? [];
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

function skipped(name: string, language: string): void {
  const why = `${name}: skipped, since this machine lacks what runs ${language} (${
    NEEDS[language]
  })`;
  assert(!isGate, why);
  // deno-lint-ignore no-console -- who runs this has to know
  console.log(why);
}

let python: Promise<string | undefined> | undefined;

/** A Python that has the SDK. */
function pythonSdk(): Promise<string | undefined> {
  return python ??= venv("python-sdk", new URL("requirements.txt", import.meta.url)).then(
    (made) => made?.program("python"),
    (error) => {
      if (isGate) throw error;
      return undefined; // as on a train, where nothing can be installed
    },
  );
}

async function isThere(command: string): Promise<boolean> {
  try {
    return (await new Deno.Command(command, { args: ["--version"], stdout: "null" }).output())
      .success;
  } catch {
    return false;
  }
}
