/**
 * The last step in the image: makes the folder `data`, and for a reproducible image removes Deno's
 * caches, whose bytes differ from build to build. Without them the first start takes longer.
 */

/** What Deno writes beside modules and packages, as SQLite databases in the root of DENO_DIR. */
const CACHES = /_cache(_v\d+)?(-(shm|wal|journal))?$/;

const REPRODUCIBLE = Deno.env.get("REPRODUCIBLE") === "yes";

Deno.mkdirSync("/data");
const denoDir = Deno.env.get("DENO_DIR");
if (REPRODUCIBLE && denoDir) {
  for (const { name } of Deno.readDirSync(denoDir)) {
    if (CACHES.test(name)) Deno.removeSync(`${denoDir}/${name}`, { recursive: true });
  }
}
