import { assert, assertEquals } from "@std/assert";
import { parse as parseToml } from "@std/toml";
import { parse as parseYaml } from "@std/yaml";
import { type Block, blocksOf, DIAGRAM, documentedFiles, PARSED, RUN_BY } from "./blocks.ts";

const ROOT = new URL("../../", import.meta.url);
const read = (path: string) => Deno.readTextFileSync(new URL(path, ROOT));

const BLOCKS = documentedFiles().flatMap(blocksOf);
const place = ({ file, heading, language }: Block) => `${file}, "${heading}", ${language}`;

Deno.test("every block of code of the README and of docs is run by a test, or is marked as an illustration", () => {
  assert(BLOCKS.length > 20, `${BLOCKS.length}`);
  const unmarked = BLOCKS.filter(({ file, language, ignored }) =>
    !ignored && !PARSED.has(language) && language !== DIAGRAM && !RUN_BY[file]?.[language]
  );
  assertEquals(unmarked.map(place), []);
});

Deno.test("every test that runs blocks exists, reads their file, and has some to run", () => {
  for (const [file, languages] of Object.entries(RUN_BY)) {
    for (const [language, test] of Object.entries(languages)) {
      const run = BLOCKS.filter((block) => block.file === file && block.language === language);
      assert(run.some(({ ignored }) => !ignored), `${file}, ${language}`);
      const code = read(test) + read("tests/sdk/snippets.ts");
      assert(code.includes(`"${file}"`) || code.includes(`../${file}"`), `${test} reads ${file}`);
    }
  }
});

Deno.test("every JSON, YAML and TOML block can be parsed", () => {
  const parsers: Record<string, (text: string) => unknown> = {
    json: JSON.parse,
    toml: parseToml,
    yaml: parseYaml,
  };
  assertEquals(new Set(Object.keys(parsers)), PARSED);
  for (const block of BLOCKS) {
    try {
      parsers[block.language]?.(block.code);
    } catch (error) {
      throw new Error(place(block), { cause: error });
    }
  }
});

Deno.test("the program of docs/quick-start.md has no type errors", async () => {
  const programs = blocksOf("docs/quick-start.md").filter(({ language }) => language === "ts");
  assertEquals(programs.length, 1);
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(file, programs[0]?.code ?? "");
    const args = ["check", "--quiet", "--config", new URL("deno.json", ROOT).pathname, file];
    const { success, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
    assert(success, new TextDecoder().decode(stderr));
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("every block of shell commands has valid syntax, illustrations too", async () => {
  const files = ["ops/README.md", "sandbox/README.md", "CONTRIBUTING.md", "SECURITY.md"];
  for (const block of [...BLOCKS, ...files.flatMap(blocksOf)]) {
    if (block.language !== "sh") continue;
    const args = ["-n", "-c", block.code];
    const { success, stderr } = await new Deno.Command("sh", { args }).output();
    assert(success, `${place(block)}: ${new TextDecoder().decode(stderr)}`);
  }
});

Deno.test("every task that the documents name exists", () => {
  const { tasks } = JSON.parse(read("deno.json"));
  const files = [...documentedFiles(), "CONTRIBUTING.md", "SECURITY.md", "ops/README.md"];
  for (const file of files) {
    for (const [, task = ""] of read(file).matchAll(/\bdeno task ([a-z][a-z:]*)/g)) {
      assert(Object.hasOwn(tasks, task), `${file}: deno task ${task}`);
    }
  }
});
