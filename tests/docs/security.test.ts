import { assert, assertEquals } from "@std/assert";
import { allDrills } from "../drills/all.ts";

const SECURITY = await Deno.readTextFile(new URL("../../SECURITY.md", import.meta.url));

Deno.test("SECURITY.md names only existing drills, and every area of drills", async () => {
  const names = (await allDrills()).map(({ name }) => name);
  const cited = [...SECURITY.matchAll(/`((?:[a-z]+: [^`]+)|soak)`/g)].map(([, name = ""]) => name);
  for (const name of cited) {
    assert(names.some((drill) => drill.startsWith(name.replace(/…$/, ""))), `no drill: ${name}`);
  }
  const areaOf = (name: string) => name.split(":", 1)[0];
  assertEquals(new Set(cited.map(areaOf)), new Set(names.map(areaOf)));
});
