/**
 * Reduces deno.json and deno.lock in the working directory to the packages that the entry points
 * import, and downloads these into the cache, so that the entry points start without a network:
 *
 *     deno run -A ops/container/production.ts main.ts
 *
 * No version is resolved again: versions and checksums are those of the lock file, and a final
 * `deno cache --frozen` verifies that the reduced lock file is complete. The licences of these
 * packages are written to THIRD_PARTY_LICENSES.
 */

import { licenses } from "./licenses.ts";

/** Where Deno keeps packages: a folder for each registry, then name and version. */
const NPM_CACHE = `${Deno.env.get("DENO_DIR")}/npm`;

interface Lock {
  version: string;
  /** `npm:name@range` → the version, as in the keys of `npm`. */
  specifiers: Record<string, string>;
  /** `name@version` → checksum and dependencies (`name`; `name@version` if there are several). */
  npm: Record<string, { integrity: string; dependencies?: string[] }>;
  workspace: { dependencies: string[] };
}

async function production(entries: readonly string[]): Promise<void> {
  const config = await readJson("deno.json");
  const imports: Record<string, string> = {};
  for (const name of await specifiersOf(entries)) {
    if (name in config.imports) imports[name] = config.imports[name];
  }
  const wanted = new Set(Object.values(imports).map(nameOf));
  await writeJson("deno.json", { version: config.version, imports, unstable: config.unstable });
  await writeJson("deno.lock", pruned(await readJson("deno.lock"), wanted));
  await Deno.remove(NPM_CACHE, { recursive: true });
  await run(["cache", "--frozen", ...entries]);
  const packages = Object.keys((await readJson("deno.lock")).npm);
  await Deno.writeTextFile("THIRD_PARTY_LICENSES", await licenses(packages, NPM_CACHE));
}

/** The bare specifiers that the entry points import; fails if the lock file is outdated. */
async function specifiersOf(entries: readonly string[]): Promise<Set<string>> {
  await run(["cache", "--frozen", ...entries]);
  const used = new Set<string>();
  for (const entry of entries) {
    const graph = JSON.parse(await run(["info", "--json", entry]));
    for (const { dependencies = [], error } of graph.modules) {
      if (error) throw new Error(error); // a dynamic import would otherwise fail only at run time
      for (const { specifier } of dependencies) used.add(specifier);
    }
  }
  return used;
}

/** The entries of a lock file that these packages need. */
function pruned(lock: Lock, wanted: ReadonlySet<string>): Lock {
  const isWanted = (specifier: string) => wanted.has(nameOf(specifier));
  const specifiers = Object.fromEntries(
    Object.entries(lock.specifiers).filter(([specifier]) => isWanted(specifier)),
  );
  const kept = new Set<string>();
  const waiting = Object.entries(specifiers).map(([at, version]) => `${nameOf(at)}@${version}`);
  for (const id of waiting) {
    if (kept.has(id)) continue;
    kept.add(id);
    waiting.push(...(lock.npm[id]?.dependencies ?? []).map((one) => idOf(one, lock)));
  }
  return {
    ...lock,
    specifiers,
    npm: Object.fromEntries(Object.entries(lock.npm).filter(([id]) => kept.has(id))),
    workspace: { dependencies: lock.workspace.dependencies.filter(isWanted) },
  };
}

/** The key of a dependency in `npm`. */
function idOf(dependency: string, { npm }: Lock): string {
  if (dependency in npm) return dependency;
  const found = Object.keys(npm).find((id) => nameOf(id) === dependency);
  if (found === undefined) throw new Error(`the lock file has no ${dependency}`);
  return found;
}

/** The package name in `npm:name@range/path` and `name@version`. */
function nameOf(specifier: string): string {
  return /^(?:npm:)?(@[^/]+\/[^@/]+|[^@/]+)/.exec(specifier)?.[1] ?? specifier;
}

async function run(args: string[]): Promise<string> {
  const command = new Deno.Command(Deno.execPath(), { args, stderr: "inherit" });
  const { success, stdout } = await command.output();
  if (!success) throw new Error(`deno ${args.join(" ")} failed`);
  return new TextDecoder().decode(stdout);
}

async function readJson(path: string) {
  return JSON.parse(await Deno.readTextFile(path));
}

async function writeJson(path: string, value: unknown): Promise<void> {
  await Deno.writeTextFile(path, JSON.stringify(value, null, 2) + "\n");
}

await production(Deno.args);
