import { assert, assertEquals } from "@std/assert";
import { Marked } from "marked";
import { getHeadingList, gfmHeadingId } from "marked-gfm-heading-id";
import { repositoryPath } from "../../scripts/docs/links.ts";

const ROOT = new URL("../../", import.meta.url);

/** Folders without documents of this repository. */
const SKIPPED: ReadonlySet<string> = new Set([
  ".cache",
  ".git",
  "coverage",
  "dist",
  "node_modules",
  "seeds",
]);

/** The Markdown files below a folder, as paths in the repository. */
function* markdownFiles(folder = ""): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(new URL(folder, ROOT))) {
    if (isDirectory && !SKIPPED.has(name)) yield* markdownFiles(`${folder}${name}/`);
    if (name.endsWith(".md")) yield folder + name;
  }
}

/** The targets of the links and images of a file, and the ids of its headings. */
function parsed(file: string): { targets: string[]; ids: string[] } {
  const targets: string[] = [];
  const marked = new Marked(gfmHeadingId(), {
    walkTokens: (token) => {
      if (token.type === "link" || token.type === "image") targets.push(token.href);
    },
  });
  marked.parse(Deno.readTextFileSync(new URL(file, ROOT)));
  return { targets, ids: getHeadingList().map(({ id }) => id) };
}

const FILES = new Map([...markdownFiles()].map((file) => [file, parsed(file)]));

Deno.test("every relative link of a document leads to a file, and to a heading of it", () => {
  let count = 0;
  for (const [file, { targets }] of FILES) {
    for (const target of targets.filter((href) => !/^(?:https?|mailto):/.test(href))) {
      const { path, fragment } = repositoryPath(target, file);
      assert(exists(path), `${file}: ${target}`);
      const ids = FILES.get(path)?.ids;
      if (fragment) assert(ids?.includes(fragment.slice(1)), `${file}: ${target}`);
      count++;
    }
  }
  assert(count > 50, `${count}`);
});

Deno.test("a document names a host other than localhost over TLS only", () => {
  for (const [file, { targets }] of FILES) {
    const plain = targets.filter((href) =>
      /^http:/.test(href) && !/^http:\/\/localhost/.test(href)
    );
    assertEquals(plain, [], file);
  }
});

Deno.test("the README has at most 150 lines, and its pictures less than 200 KB each", () => {
  assert(Deno.readTextFileSync(new URL("README.md", ROOT)).split("\n").length <= 151);
  const pictures = [...Deno.readDirSync(new URL("docs/images/", ROOT))].map(({ name }) => name);
  for (const name of pictures) {
    assert(Deno.statSync(new URL(`docs/images/${name}`, ROOT)).size < 200_000, name);
    assert(FILES.get("README.md")?.targets.includes(`docs/images/${name}`), name);
  }
});

function exists(path: string): boolean {
  try {
    Deno.statSync(new URL(path, ROOT));
    return true;
  } catch {
    return false;
  }
}
