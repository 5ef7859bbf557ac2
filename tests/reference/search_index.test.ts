import { assert, assertEquals } from "@std/assert";
import { CATALOG } from "../../errors/catalog.ts";
import { OPERATIONS } from "../../operations.ts";
import { searchIndex } from "../../reference/search_index.ts";

const ENTRIES = searchIndex();

Deno.test("the search finds every operation and every code", () => {
  const paths = ENTRIES.map(({ path }) => path);
  for (const { id } of OPERATIONS) assert(paths.includes(`/docs/${id}`), id);
  for (const code of Object.keys(CATALOG)) assert(paths.includes(`/docs/errors#${code}`), code);
  assertEquals(paths, [...new Set(paths)]);
});

Deno.test("an operation is found by its id, its parameters and the members of all variants", () => {
  const words = ENTRIES.find(({ path }) => path === "/docs/sendBatch")?.words.split(" ") ?? [];
  for (
    const word of ["sendBatch", "service_plan_id", "flash_message", "udh", "strict_validation"]
  ) {
    assert(words.includes(word), word);
  }
});
