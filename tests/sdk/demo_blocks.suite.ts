/** Runs the commands of the README and of the quick start, unchanged, with a real demo. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { type Demo, startDemo } from "../demo/process.ts";
import { type Block, blocksOf } from "../docs/blocks.ts";
import { testEnv } from "../support/gateway.ts";
import { testIssuer } from "../support/issuer.ts";
import { hasCurl } from "./curl.ts";
import { matches } from "./snippets.ts";

const ROOT = new URL("../../", import.meta.url);

/** The command that starts the demo, which a test starts by itself to choose the port. */
const START_DEMO = /^npx -y deno task demo\b/;

/** The commands that start the gateway, which have a test of their own. */
const START_GATEWAY = /^cp \.env\.example /;

/** The command of the README that runs the tests, which CI runs with a line of its own. */
const RUN_TESTS = "npx -y deno task test";

const curl = await hasCurl();
if (!curl && Deno.env.get("CI") === "true") throw new Error("needs curl");

for (const file of ["README.md", "docs/quick-start.md"]) {
  Deno.test(`the commands of ${file} print the documented output`, { ignore: !curl }, async () => {
    await using demo = await startDemo();
    let last: Block | undefined;
    for (const block of blocksOf(file).filter(({ ignored }) => !ignored)) {
      if (START_GATEWAY.test(block.code) || START_DEMO.test(block.code)) continue;
      if (block.language === "sh") last = await compared(block, block.output, demo);
      else if (block.language === "text") await compared(last!, block.code, demo); // once more
    }
    assert(last, `${file} has no command`);
  });

  Deno.test(`${file} starts with the demo, by a task that exists`, async () => {
    const [first] = blocksOf(file).filter(({ language }) => language === "sh");
    assert(START_DEMO.test(first?.code ?? ""));
    if (file !== "README.md") return;
    assertStringIncludes(first?.code ?? "", `\n${RUN_TESTS}`);
    assertStringIncludes(await Deno.readTextFile(new URL(".ci/run", ROOT)), `\n  ${RUN_TESTS}\n`);
  });
}

Deno.test("the commands of the README start a gateway, once .env has the required values", async () => {
  const block = blocksOf("README.md").find(({ code }) => START_GATEWAY.test(code));
  const [copy = "", ...start] = block?.code.trim().split("\n") ?? [];
  await using checkout = await linkedCheckout();
  await shell(copy, checkout.path);
  await fillIn(`${checkout.path}/.env`);
  const gateway = new Deno.Command("bash", {
    args: ["-euo", "pipefail", "-c", start.join("\n").replace("deno task", "exec deno task")],
    cwd: checkout.path,
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const output = gateway.stdout.pipeThrough(new TextDecoderStream()).getReader();
  try {
    let printed = "";
    let url: string | undefined;
    while (!(url = /http:\/\/127\.0\.0\.1:\d+/.exec(printed)?.[0])) {
      const { value, done } = await output.read();
      assert(!done, printed);
      printed += value;
    }
    const response = await fetch(`${url}/readyz`);
    await response.body?.cancel();
    assertEquals(response.status, 200);
  } finally {
    gateway.kill("SIGTERM");
    await output.cancel();
    await gateway.status;
  }
});

/** Runs the commands of a block and compares what they print. */
async function compared(block: Block, expected: string | undefined, demo: Demo): Promise<Block> {
  assert(expected, `no output below: ${block.code}`);
  const printed = await shell(block.code, ROOT.pathname, demo.variables);
  assert(matches(printed, expected), `it printed:\n${printed}\ninstead of:\n${expected}`);
  return block;
}

async function shell(code: string, cwd: string, env: Record<string, string> = {}): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command("bash", {
    args: ["-euo", "pipefail", "-c", code],
    cwd,
    env,
  }).output();
  assert(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

/** A folder with links to the files of this repository, so that a test can write beside them. */
async function linkedCheckout(): Promise<{ path: string } & AsyncDisposable> {
  const path = await Deno.makeTempDir();
  for await (const { name } of Deno.readDir(ROOT)) {
    if (name !== ".env") await Deno.symlink(new URL(name, ROOT).pathname, `${path}/${name}`);
  }
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

/** Fills in the required settings, with single quotes around JSON as the README says. */
async function fillIn(file: string): Promise<void> {
  const values = { ...testEnv(await testIssuer()), PORT: "0", HOST: "127.0.0.1" };
  let text = await Deno.readTextFile(file);
  for (const [name, value] of Object.entries(values)) {
    text = text.replace(new RegExp(`^(?:# )?${name}=.*$`, "m"), () => `${name}='${value}'`);
  }
  await Deno.writeTextFile(file, text);
}
