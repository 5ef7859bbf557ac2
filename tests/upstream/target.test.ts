import { assertEquals } from "@std/assert";
import { upstreamTarget } from "../../upstream/target.ts";

/** Base URLs, and what is sent and recorded of them. */
const TARGETS: readonly [
  baseUrl: string,
  target: [url: string, origin: string, path: string, port: number],
][] = [
  ["https://a.test", ["https://a.test", "https://a.test", "", 443]],
  ["http://a.test/", ["http://a.test", "http://a.test", "", 80]],
  ["http://a.test:8080/x/y/", ["http://a.test:8080/x/y", "http://a.test:8080", "/x/y", 8080]],
];

for (const [baseUrl, expected] of TARGETS) {
  Deno.test(`the target of ${baseUrl} has its origin, base path and port`, () => {
    const { url, origin, basePath, attributes } = upstreamTarget(baseUrl);
    assertEquals([url, origin, basePath, attributes["server.port"]], expected);
    assertEquals(attributes["server.address"], "a.test");
  });
}
