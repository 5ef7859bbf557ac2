import { assert, assertEquals } from "@std/assert";

const ROOT = new URL("../../", import.meta.url);

/** Folder → the folders and root files that its files may import. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  schemas: [],
  sandbox: ["schemas", "operations.ts"],
  reference: ["schemas", "operations.ts", "errors"],
  routes: [
    "auth",
    "config.ts",
    "errors",
    "exchange.ts",
    "limits",
    "middleware",
    "operations.ts",
    "raw_url.ts",
    "reference",
    "settings.ts",
    "telemetry",
    "upstream",
  ],
};

/** Every file of a folder, by its path from the root → the files that it imports. */
function importsOf(folder: string): Map<string, string[]> {
  const imports = new Map<string, string[]>();
  for (const { name } of Deno.readDirSync(new URL(`${folder}/`, ROOT))) {
    if (!name.endsWith(".ts")) continue;
    const url = new URL(`${folder}/${name}`, ROOT);
    const found = Deno.readTextFileSync(url).matchAll(/(?:from|import\(?) ?"(\.[^"]+\.ts)"/g);
    const paths = [...found].map(([, path = ""]) =>
      new URL(path, url).href.slice(ROOT.href.length)
    );
    imports.set(`${folder}/${name}`, paths);
  }
  assert(imports.size > 0, folder);
  return imports;
}

/** Whether `file` is reached from one of its own imports. */
function importsItself(file: string, imports: ReadonlyMap<string, readonly string[]>): boolean {
  const reached = new Set<string>();
  const pending = [...imports.get(file) ?? []];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (reached.has(next)) continue;
    reached.add(next);
    pending.push(...imports.get(next) ?? []);
  }
  return reached.has(file);
}

for (const [folder, allowed] of Object.entries(ALLOWED)) {
  Deno.test(`the files of ${folder}/ import only from the layers below it`, () => {
    for (const [file, paths] of importsOf(folder)) {
      for (const path of paths) {
        const [layer = ""] = path.split("/");
        assert(layer === folder || allowed.includes(layer), `${file} imports ${path}`);
      }
    }
  });

  Deno.test(`no two files of ${folder}/ import each other, directly or by way of others`, () => {
    const imports = importsOf(folder);
    assertEquals([...imports.keys()].filter((file) => importsItself(file, imports)), []);
  });
}
