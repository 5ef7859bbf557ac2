import { assertEquals } from "@std/assert";
import { isHost, rawPathOf, rawQueryOf } from "../raw_url.ts";

const URLS: readonly [url: string, path: string, query: string][] = [
  ["http://h/a/b", "/a/b", ""],
  ["http://h/a?x=1", "/a", "x=1"],
  ["http://h/a?x=1?y=/2", "/a", "x=1?y=/2"],
  ["http://h/a?", "/a", ""],
  ["http://h", "/", ""],
  ["http://h?a=/b", "/", "a=/b"],
  ["http://h#/b", "#/b", ""],
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
  Deno.test(`path and query of ${url} are read exactly as they were sent`, () => {
    assertEquals([rawPathOf(url), rawQueryOf(url)], [path, query]);
  });
}

const HOSTS = [
  "a",
  "a.b-c_d",
  "a.",
  "A:80",
  "a:",
  "a%2fb",
  "a~!$&'()*+,;=b",
  "127.0.0.1:65535",
  "[::1]",
  "[::ffff:1.2.3.4]:8080",
  "[v1.a:b]",
];

const INVALID_HOSTS = [
  "",
  ":80",
  "a:b",
  "a:80:80",
  "a b",
  "a, b",
  " a",
  "a/",
  "a/b?",
  "a?",
  "a#",
  "u@a",
  "u:p@a",
  "a\\b",
  "a%2",
  "a%zz",
  "\u00fc",
  "a\n",
  "[::1",
  "::1",
  "[::1]a",
  "[]",
  "a[b]",
  "<a>",
  "http://a",
];

Deno.test("a Host is valid exactly if it is a uri-host with an optional port (RFC 9110 §7.2)", () => {
  assertEquals(HOSTS.filter((host) => !isHost(host)), []);
  assertEquals(INVALID_HOSTS.filter(isHost), []);
});
