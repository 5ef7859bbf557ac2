import { assertEquals } from "@std/assert";
import { rawPathOf, rawQueryOf } from "../raw_url.ts";

const URLS: readonly [url: string, path: string, query: string][] = [
  ["http://h/a/b", "/a/b", ""],
  ["http://h/a?x=1", "/a", "x=1"],
  ["http://h/a?x=1?y=/2", "/a", "x=1?y=/2"],
  ["http://h/a?", "/a", ""],
  ["http://h", "", ""],
  ["http://h/", "/", ""],
  ["https://h:8080/a", "/a", ""],
  ["http://[::1]:8080/a?b", "/a", "b"],
  ["http://h/../a/./b", "/../a/./b", ""],
  ["http://h/%2e%2e/%2f", "/%2e%2e/%2f", ""],
  ["http://h//a//", "//a//", ""],
  ["http://h/a\\b;c?d\\e", "/a\\b;c", "d\\e"],
  ["http://h/a?u=http://x/y", "/a", "u=http://x/y"],
  ["http://h/http://x/y", "/http://x/y", ""],
];

for (const [url, path, query] of URLS) {
  Deno.test(`path and query of ${url} are taken exactly as they were sent`, () => {
    assertEquals([rawPathOf(url), rawQueryOf(url)], [path, query]);
  });
}
