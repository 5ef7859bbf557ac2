import { assertEquals } from "@std/assert";
import { CATALOG, type CatalogCode, type CatalogEntry } from "../../errors/catalog.ts";

const README = await Deno.readTextFile(new URL("../../ops/README.md", import.meta.url));

Deno.test("ops/README.md names the catalog's fault of every code of 500 and above", () => {
  const codes = Object.entries(CATALOG) as [CatalogCode, CatalogEntry][];
  for (const fault of ["gateway", "upstream", "issuer"] as const) {
    const row = README.split("\n").find((line) => line.startsWith(`| \`${fault}\``)) ?? "";
    const named = [...(row.split("|")[3] ?? "").split(";")[0]!.matchAll(/`(\w+)`/g)];
    const expected = codes.filter(([, entry]) => entry.fault === fault && entry.status >= 500);
    assertEquals(named.map(([, code]) => code), expected.map(([code]) => code), fault);
  }
  const others = codes.filter(([, { fault, status }]) => status < 500 && fault !== "caller");
  assertEquals(others, []);
});
