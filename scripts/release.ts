/**
 * Makes a version: checks CHANGELOG.md and the working tree, tags the commit, and writes bundles, a
 * bill of materials, the image and checksums to a folder. The same commit, version of Deno and base
 * image give the same bytes.
 *
 *     deno task release              # dist/release, and the tag v1.2.3
 *     deno task release --rehearse   # the same files without the image and the tag
 */

import { bundle } from "./bundle.ts";
import { sectionOf } from "./release/changelog.ts";
import { writeImage } from "./release/image.ts";
import { packagesOf } from "./release/packages.ts";
import { run } from "./release/run.ts";
import { sbom } from "./release/sbom.ts";
import { tagVersion } from "./release/version_tag.ts";

/** Name of a bundle → its entry point. */
const BUNDLES = { node: "entry/node.ts", workers: "entry/workers.ts" } as const;

/** Entry points whose packages are in the bill of materials. */
const ENTRIES = ["main.ts", ...Object.values(BUNDLES)];

/** Options of {@linkcode release}. */
export interface ReleaseOptions {
  /** Folder to write to; it is emptied first. */
  folder: string;
  /** Leaves out the image, the tag, and the check that everything is committed. */
  rehearse: boolean;
  /** Called with each line to print. */
  print: (line: string) => void;
}

/** Makes the version of deno.json. */
export async function release({ folder, rehearse, print }: ReleaseOptions): Promise<void> {
  const { version } = JSON.parse(await Deno.readTextFile("deno.json"));
  const notes = sectionOf(await Deno.readTextFile("CHANGELOG.md"), version);
  const revision = await run("git", ["rev-parse", "HEAD"]);
  const epochS = Number(await run("git", ["log", "-1", "--format=%ct"]));
  if (!rehearse) await tagVersion(version, revision);
  await Deno.remove(folder, { recursive: true }).catch(() => {});
  await Deno.mkdir(folder, { recursive: true });
  const path = (suffix: string) => `${folder}/sms-gateway-${version}${suffix}`;
  for (const [name, entry] of Object.entries(BUNDLES)) await bundle(entry, path(`-${name}.mjs`));
  const time = new Date(epochS * 1_000);
  const bom = await sbom(await packagesOf(ENTRIES), { version, time });
  await Deno.writeTextFile(path(".cdx.json"), bom);
  await Deno.writeTextFile(path("-notes.md"), notes);
  const image = path("-image.tar");
  if (rehearse) print("image: left out of a rehearsal");
  else if (!await writeImage(image, { version, revision, epochS })) {
    print("image: SKIPPED, since buildah is not installed");
  }
  const sums = await checksums(folder);
  await Deno.writeTextFile(`${folder}/SHA256SUMS`, sums);
  print(`${sums}${folder}/SHA256SUMS`);
}

/** The checksums of all files of a folder, as `sha256sum --check` reads them. */
async function checksums(folder: string): Promise<string> {
  const files = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort();
  const lines = files.map(async (name) => {
    const digest = await crypto.subtle.digest("SHA-256", await Deno.readFile(`${folder}/${name}`));
    return `${new Uint8Array(digest).toHex()}  ${name}\n`;
  });
  return (await Promise.all(lines)).join("");
}

if (import.meta.main) {
  const [folder = "dist/release"] = Deno.args.filter((argument) => !argument.startsWith("--"));
  await release({
    folder: await absolute(folder),
    rehearse: Deno.args.includes("--rehearse"),
    // deno-lint-ignore no-console -- the output of the program
    print: (line) => console.log(line),
  });
}

/** The bundler runs in the root of the repository, whatever the working directory is. */
async function absolute(folder: string): Promise<string> {
  await Deno.mkdir(folder, { recursive: true });
  return await Deno.realPath(folder);
}
