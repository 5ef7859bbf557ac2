import { assertEquals } from "@std/assert";
import { LANGUAGES, languagesOfPage, testSnippets } from "./snippets.ts";

const CONFIG = new URL("../../deno.json", import.meta.url).pathname;

Deno.test("docs/sdk.md has snippets in exactly the tested languages", () => {
  assertEquals(languagesOfPage().toSorted(), LANGUAGES.toSorted());
});

testSnippets("ts", {
  command: (file) =>
    Promise.resolve([Deno.execPath(), "run", "--quiet", "--allow-all", "--config", CONFIG, file]),
});
