/**
 * Makes one JavaScript file of an entry and all it imports, for runtimes that are not Deno:
 *
 *     deno run -A scripts/bundle.ts entry/workers.ts dist/workers.mjs
 */

/** What `require` of a bundled CommonJS package becomes, where there is none: built-ins only. */
const REQUIRE =
  'import { createRequire } from "node:module";\nconst require = createRequire("/");\n';

/**
 * Bundles with the versions that the lock file holds; `output` is overwritten. Node takes what
 * packages have for Node; Workers have a little of it only.
 */
export async function bundle(entry: string, output: string): Promise<void> {
  const forNode = entry.includes("node");
  const bundler = new Deno.Command(Deno.execPath(), {
    args: [
      "bundle",
      "--quiet",
      `--platform=${forNode ? "deno" : "browser"}`,
      "--external=node:*",
      `--output=${output}`,
      entry,
    ],
    cwd: new URL("..", import.meta.url),
    stdout: "inherit",
    stderr: "inherit",
  });
  const { success } = await bundler.output();
  if (!success) throw new Error(`${entry} could not be bundled`);
  if (!forNode) await Deno.writeTextFile(output, REQUIRE + await Deno.readTextFile(output));
}

if (import.meta.main) {
  const [entry, output] = Deno.args;
  if (!entry || !output) throw new Error("usage: bundle.ts <entry> <output>");
  await Deno.mkdir(new URL(`../${output.replace(/[^/]+$/, "")}`, import.meta.url), {
    recursive: true,
  });
  await bundle(entry, output);
}
