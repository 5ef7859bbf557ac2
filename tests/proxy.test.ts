import { assertEquals } from "@std/assert";
import { proxies } from "../proxy.ts";

const HTTPS = "http://https-proxy.test:3128";
const HTTP = "http://http-proxy.test:3128";

/** NO_PROXY, a URL, and whether it is reached directly. */
const DIRECT: readonly [no: string, url: string, isDirect: boolean][] = [
  ["", "https://api.test", false],
  ["*", "https://api.test", true],
  ["api.test", "https://api.test/x", true],
  ["API.test", "https://api.TEST", true],
  ["api.test", "https://sub.api.test", true],
  [".api.test", "https://api.test", true],
  [".api.test", "https://sub.api.test", true],
  ["*.api.test", "https://sub.api.test", true],
  ["api.test", "https://myapi.test", false],
  ["api.test", "https://api.test.evil.test", false],
  ["api.test", "https://api.test.", true],
  ["a.test, api.test", "https://api.test", true],
  ["a.test api.test", "https://api.test", true],
  [",,", "https://api.test", false],
  ["api.test:443", "https://api.test", true],
  ["api.test:80", "http://api.test", true],
  ["api.test:8443", "https://api.test", false],
  ["api.test:8443", "https://api.test:8443", true],
  ["127.0.0.1", "http://127.0.0.1:8080", true],
  ["127.0.0.1", "http://10.127.0.0.1.test", false],
  ["::1", "http://[::1]:8080", true],
  ["[::1]", "http://[::1]", true],
  ["[::1]:8080", "http://[::1]", false],
  ["[::1]:8080", "http://[::1]:8080", true],
];

for (const [no, url, isDirect] of DIRECT) {
  Deno.test(`with NO_PROXY="${no}" ${url} is reached ${isDirect ? "directly" : "by its proxy"}`, () => {
    const expected = url.startsWith("https:") ? HTTPS : HTTP;
    const proxyOf = proxies({ https: HTTPS, http: HTTP, no });
    assertEquals(proxyOf(new URL(url)), isDirect ? undefined : expected);
  });
}

Deno.test("a proxy for one scheme is not used for the other", () => {
  assertEquals(
    proxies({ https: HTTPS, http: undefined, no: "" })(new URL("http://a.test")),
    undefined,
  );
  assertEquals(
    proxies({ https: undefined, http: HTTP, no: "" })(new URL("https://a.test")),
    undefined,
  );
});
