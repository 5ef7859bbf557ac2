/**
 * Updates `reference/assets/swagger_ui.json`: the compressed script and style sheet of Swagger UI, as
 * a module that every runtime can import without file access. The npm package is not a dependency of
 * the project, because it depends on a package that reports installations.
 *
 * Usage: `deno task vendor [version]`
 */
import { Buffer } from "node:buffer";
import { gzipSync } from "node:zlib";

const PACKAGE = "swagger-ui-dist";
const target = new URL("../reference/assets/swagger_ui.json", import.meta.url);
const licence = new URL("../reference/assets/LICENSE-swagger-ui.txt", import.meta.url);

/** Downloads the package with npm, which verifies its integrity, and gives access to its files. */
async function unpack(version: string) {
  const directory = await Deno.makeTempDir();
  const run = async (command: string, args: string[]) => {
    const { success, stdout } = await new Deno.Command(command, {
      args,
      cwd: directory,
      stderr: "inherit",
    }).output();
    if (!success) throw new Error(`${command} ${args.join(" ")} failed`);
    return new TextDecoder().decode(stdout);
  };
  const [packed] = JSON.parse(await run("npm", ["pack", "--json", `${PACKAGE}@${version}`]));
  await run("tar", ["xzf", packed.filename]);
  return {
    version: packed.version as string,
    integrity: packed.integrity as string,
    read: (name: string) => Deno.readFile(`${directory}/package/${name}`),
    dispose: () => Deno.remove(directory, { recursive: true }),
  };
}

const pinned = JSON.parse(await Deno.readTextFile(target).catch(() => "{}")).version;
const files = await unpack(Deno.args[0] ?? pinned ?? "latest");
const packed = async (name: string) =>
  Buffer.from(gzipSync(await files.read(name), { level: 9 })).toString("base64");
const { version, integrity } = files;
const content = {
  package: PACKAGE,
  version,
  integrity,
  script: await packed("swagger-ui-bundle.js"),
  style: await packed("swagger-ui.css"),
};
await Deno.writeTextFile(target, `${JSON.stringify(content, null, 2)}\n`);
const texts = ["NOTICE", "LICENSE", "swagger-ui-bundle.js.LICENSE.txt"].map(files.read);
const decoder = new TextDecoder();
await Deno.writeTextFile(
  licence,
  (await Promise.all(texts)).map((text) => decoder.decode(text)).join("\n\n"),
);
await files.dispose();
