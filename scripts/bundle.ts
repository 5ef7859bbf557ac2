/**
 * Bundles an entry point and its imports into one JavaScript file, for runtimes other than Deno:
 *
 *     deno run -A scripts/bundle.ts entry/workers.ts dist/workers.mjs
 */

/** Defines `require` for bundled CommonJS packages, which only use it for built-in modules. */
const REQUIRE =
  'import { createRequire } from "node:module";\nconst require = createRequire("/");\n';

/**
 * Bundles `entry` with the package versions of the lock file, and overwrites `output`. For Node the
 * bundle uses the packages' Node builds, otherwise their browser builds.
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
