import { assert, assertEquals } from "@std/assert";

const ROOT = new URL("../../", import.meta.url);

/** A file with few tests. */
const FILE = "tests/sandbox/msisdn.test.ts";

/** What `deno task test` prints with these arguments. */
async function runTests(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "test", ...args],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
  }).output();
  const printed = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  assertEquals(code, 0, printed);
  return printed;
}

/** The files of this repository below `folder` whose name ends with `.test.ts`. */
function* testFiles(folder: URL): Generator<URL> {
  for (const entry of Deno.readDirSync(folder)) {
    if (entry.isDirectory) yield* testFiles(new URL(`${entry.name}/`, folder));
    if (entry.name.endsWith(".test.ts")) yield new URL(entry.name, folder);
  }
}

Deno.test("`deno task test FILE` runs only the tests of that file, and `--filter` only the named ones", async () => {
  const whole = await runTests(FILE);
  const files = whole.matchAll(/^\.\/(\S+) => /gm).map(([, file]) => file);
  assertEquals([...new Set(files)], [FILE]);
  const passed = Number(/(\d+) passed/.exec(whole)?.[1]);
  assert(passed > 0, whole);
  const none = await runTests(FILE, "--filter", "a name that no test has");
  assert(none.includes(`0 passed | 0 failed | ${passed} filtered out`), none);
});

Deno.test("no test of `deno task test` installs Python packages", () => {
  const files = [...testFiles(new URL("tests/", ROOT))];
  assert(files.length > 0);
  for (const file of files) {
    const imports = [...Deno.readTextFileSync(file).matchAll(/^import .* from "(.*)";$/gm)];
    for (const [, from] of imports) assert(!/venv|python/.test(from ?? ""), `${file}: ${from}`);
  }
});

Deno.test("CONTRIBUTING.md lists every task", async () => {
  const commands = await Deno.readTextFile(new URL("CONTRIBUTING.md", ROOT));
  const { tasks } = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
  for (const task of Object.keys(tasks)) {
    assert(new RegExp(`\`(?:deno task )?${task}\``).test(commands), task);
  }
});
