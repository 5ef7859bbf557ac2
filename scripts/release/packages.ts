import * as v from "valibot";
import { run } from "./run.ts";

/** The used parts of `deno info --json`. */
const Info = v.object({
  modules: v.array(v.object({ npmPackage: v.optional(v.string()) })),
  npmPackages: v.record(
    v.string(),
    v.object({
      name: v.string(),
      version: v.string(),
      dependencies: v.array(v.string()),
      localPath: v.string(),
    }),
  ),
});

const Lock = v.object({ npm: v.record(v.string(), v.object({ integrity: v.string() })) });

/** A package that the gateway needs at run time. */
export interface Package {
  /** `name@version`, with the versions of its peers where there are several. */
  readonly id: string;
  readonly name: string;
  readonly version: string;
  /** As its package.json says; undefined if it does not. */
  readonly license: string | undefined;
  /** SHA-512 of its archive, in hexadecimal. */
  readonly sha512: string;
  /** Whether a file of the gateway imports it. */
  readonly isDirect: boolean;
  /** Ids of packages. */
  readonly dependencies: readonly string[];
}

/** The packages that modules import, directly or not, with the checksums of deno.lock; by id. */
export async function packagesOf(entries: readonly string[]): Promise<Package[]> {
  const { npm } = v.parse(Lock, JSON.parse(await Deno.readTextFile("deno.lock")));
  const found = new Map<string, Package>();
  for (const entry of entries) {
    const info = v.parse(Info, JSON.parse(await run(Deno.execPath(), ["info", "--json", entry])));
    const waiting = info.modules.flatMap(({ npmPackage }) => npmPackage ?? []);
    const direct = new Set(waiting);
    for (const id of waiting) {
      if (found.has(id)) continue;
      const { name, version, dependencies, localPath } = info.npmPackages[id]!;
      const { license } = JSON.parse(await Deno.readTextFile(`${localPath}/package.json`));
      const integrity = npm[id]?.integrity ?? "";
      if (!integrity.startsWith("sha512-")) throw new Error(`deno.lock has no SHA-512 of ${id}`);
      found.set(id, {
        id,
        name,
        version,
        license: typeof license === "string" ? license : undefined,
        sha512: hex(integrity.slice("sha512-".length)),
        isDirect: direct.has(id),
        dependencies,
      });
      waiting.push(...dependencies);
    }
  }
  return [...found.values()].sort((a, b) => a.id < b.id ? -1 : 1);
}

function hex(base64: string): string {
  return Uint8Array.from(atob(base64), (char) => char.charCodeAt(0)).toHex();
}
