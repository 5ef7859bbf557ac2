/** Files in which packages ship their licence, and the notices that go with it. */
const LICENSE_FILE = /^(licen[cs]e|copying|notice)(\.(md|txt)|-\w+)?$/i;

/**
 * The licences of packages, as one text: name, version, the licence of its package.json, and the
 * text of the licence where the package ships one.
 *
 * @param packages `name@version`, as in deno.lock
 * @param cache folder with a folder for each registry, then name and version
 */
export async function licenses(packages: readonly string[], cache: string): Promise<string> {
  const registries = (await Array.fromAsync(Deno.readDir(cache))).filter(({ isDirectory }) =>
    isDirectory
  );
  const parts: string[] = [];
  for (const id of [...packages].sort()) {
    const [name, version] = nameAndVersion(id);
    const folder = registries.map((registry) => `${cache}/${registry.name}/${name}/${version}`)
      .find(exists);
    if (folder === undefined) continue; // of another platform: not in the image
    const { license } = JSON.parse(await Deno.readTextFile(`${folder}/package.json`));
    if (typeof license !== "string") throw new Error(`${id} does not name its licence`);
    parts.push([`${name} ${version}: ${license}`, ...await licenseTexts(folder)].join("\n\n"));
  }
  return parts.join(`\n\n${"-".repeat(80)}\n\n`) + "\n";
}

/** `@scope/name@1.2.3_peer@4` → name and version. */
function nameAndVersion(id: string): [name: string, version: string] {
  const at = id.indexOf("@", 1);
  return [id.slice(0, at), id.slice(at + 1).split("_", 1)[0] ?? ""];
}

async function licenseTexts(folder: string): Promise<string[]> {
  const files = (await Array.fromAsync(Deno.readDir(folder))).filter(({ name }) =>
    LICENSE_FILE.test(name)
  );
  return await Promise.all(
    files.map(async ({ name }) => (await Deno.readTextFile(`${folder}/${name}`)).trim()),
  );
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}
