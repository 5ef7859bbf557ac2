import { assert, assertEquals } from "@std/assert";

const ROOT = new URL("../../", import.meta.url);
const read = (path: string) => Deno.readTextFile(new URL(path, ROOT));
const ARCHITECTURE = await read("docs/architecture.md");

/** The text below a heading, up to the next one. */
function section(heading: string): string {
  const [, text] = ARCHITECTURE.split(`\n## ${heading}\n`);
  assert(text, `no section ${heading}`);
  return text.split("\n## ")[0] ?? "";
}

/** The first cell of each row that follows this header. */
function firstCells(text: string, header: string): string[] {
  const [, rows = ""] = text.split(new RegExp(`^\\| ${header} .*\\n\\| -.*\\n`, "m"));
  return [...rows.matchAll(/^\| (.*?) +\|/gm)].map(([, cell = ""]) => cell);
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(new URL(path, ROOT)).then(() => true, () => false);
}

Deno.test("every path in docs/architecture.md exists", async () => {
  const named = [...ARCHITECTURE.matchAll(/`([\w.-]+\/[\w./-]*|[\w-]+\.(?:ts|md|json))`/g)];
  const paths = [...new Set(named.map(([, path = ""]) => path))]
    .filter((path) => !/^(?:@|hono\/)/.test(path)); // packages
  assert(paths.length > 40, `${paths.length}`);
  const folders = ["", "reference/", "upstream/"]; // in the table, names follow the name of their folder
  for (const path of paths) {
    const found = await Promise.all(folders.map((folder) => exists(folder + path)));
    assert(found.includes(true), path);
  }
});

Deno.test("docs/architecture.md names the checks in the order in which they run", async () => {
  const [, code = ""] = (await read("routes/app.ts")).split("readonly Check[] {\n  return [");
  const inCode = [...code.split("\n  ];")[0]?.matchAll(/^ {4}(\w+)\(/gm) ?? []].map((m) => m[1]);
  assert(inCode.length > 5, `${inCode}`);
  const [, step = ""] = section("The way of one `POST /batches`").split("\n4. ");
  const inText = [...step.split("\n5. ")[0]?.matchAll(/`(\w+)`\s+\(\d/g) ?? []].map((m) => m[1]);
  assertEquals(inText, inCode);
});

Deno.test("docs/architecture.md lists every member of Exchange", async () => {
  const code = (await read("exchange.ts")).split("/** Known from the start.")[1]
    ?.split("/** Hono's environment")[0] ?? "";
  const members = [...code.matchAll(/^ {2}(?:readonly )?(\w+)\??:/gm)].map(([, name]) => name);
  assert(members.length > 10, `${members}`);
  const cells = firstCells(section("What is known of a request, and when"), "Members");
  const listed = [...cells.join().matchAll(/`(\w+)`/g)].map(([, name]) => name);
  assertEquals(listed.sort(), members.sort());
});
