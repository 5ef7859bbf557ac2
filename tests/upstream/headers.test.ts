import { assertEquals } from "@std/assert";
import { CredentialFilter } from "../../upstream/credential_filter.ts";
import {
  FORWARDED_REQUEST_HEADERS,
  headerOf,
  requestHeaders,
  responseHeaders,
} from "../../upstream/headers.ts";

/** Headers of a caller that must not be forwarded (contract.md §4). */
const NOT_FORWARDED = [
  "authorization",
  "cookie",
  "forwarded",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-proto",
  "x-real-ip",
  "connection",
  "keep-alive",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "host",
  "content-length",
  "content-encoding",
  "expect",
  "traceparent",
  "tracestate",
  "baggage",
  "x-request-id",
  "x-custom",
  "x-http-method-override",
  "range",
  "if-none-match",
  "origin",
  "referer",
];

Deno.test("only the headers of the allow-list are forwarded", () => {
  const caller = new Headers(NOT_FORWARDED.map((name) => [name, "PRIVATE"]));
  for (const name of FORWARDED_REQUEST_HEADERS) caller.set(name, `value of ${name}`);
  assertEquals(requestHeaders(caller), {
    "accept-encoding": "identity",
    ...Object.fromEntries(FORWARDED_REQUEST_HEADERS.map((name) => [name, `value of ${name}`])),
  });
});

Deno.test("the upstream is asked for identity coding, whatever the caller accepts", () => {
  assertEquals(requestHeaders(new Headers({ "accept-encoding": "gzip, br" })), {
    "accept-encoding": "identity",
  });
});

/** Headers of an upstream's reply that must not reach the caller. */
const NOT_RETURNED = [
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "set-cookie",
  "server",
  "via",
  "www-authenticate",
  "authorization",
  "strict-transport-security",
  "alt-svc",
  "x-powered-by",
  "x-error-origin",
  "x-request-id",
  "traceparent",
  "tracestate",
  "link",
  "refresh",
  "clear-site-data",
  "content-security-policy",
  "access-control-allow-origin",
  "nel",
  "report-to",
  "location",
  "x-anything",
];

const filter = new CredentialFilter(["hunter2-hunter2-hunter2", "credential-of-another-plan"]);

for (const name of NOT_RETURNED) {
  Deno.test(`the response header ${name} does not reach the caller`, () => {
    const reply = [[name, "x"], ["content-type", "application/json"]] as const;
    assertEquals(responseHeaders(reply, filter), [["content-type", "application/json"]]);
  });
}

Deno.test("representation headers reach the caller unchanged, including repeated ones", () => {
  const headers: [string, string][] = [
    ["content-type", "application/json; charset=utf-8"],
    ["content-length", "12"],
    ["content-encoding", "gzip"],
    ["content-language", "en"],
    ["etag", '"x"'],
    ["retry-after", "3"],
    ["vary", "a"],
    ["vary", "b"],
    ["ratelimit", '"burst";r=7'],
  ];
  assertEquals(responseHeaders(headers, filter), headers);
});

Deno.test("request headers named by Connection are not forwarded", () => {
  const caller = new Headers({
    connection: "close, Accept-Language, USER-AGENT",
    "accept-language": "sv",
    "user-agent": "x",
    accept: "*/*",
  });
  assertEquals(requestHeaders(caller), { "accept-encoding": "identity", accept: "*/*" });
});

Deno.test("response headers named by Connection, in any case and list form, do not reach the caller", () => {
  const reply = [
    ["connection", "close, ETag"],
    ["connection", "vary ,DATE"],
    ["etag", "1"],
    ["vary", "2"],
    ["date", "3"],
    ["expires", "4"],
  ] as const;
  assertEquals(responseHeaders(reply, filter), [["expires", "4"]]);
});

Deno.test("a header value that is invalid in a response does not reach the caller", () => {
  const bad = ["a\rb", "a\nb", "a\0b", "a\x7fb", "snow\u2603"];
  assertEquals(responseHeaders(bad.map((value) => ["etag", value]), filter), []);
  const good: [string, string][] = [["etag", "tab\tand \xe9"], ["vary", ""]];
  assertEquals(responseHeaders(good, filter), good);
});

Deno.test("a header is read as its first value, or as undefined", () => {
  const headers: [string, string][] = [["a", "1"], ["b", "2"], ["b", "3"]];
  assertEquals(headerOf(headers, "b"), "2");
  assertEquals(headerOf(headers, "c"), undefined);
});

Deno.test("a response header that contains a credential of any plan does not reach the caller", () => {
  const reply = [
    ["etag", '"hunter2-hunter2-hunter2"'],
    ["vary", "credential-of-another-plan"],
    ["date", "1"],
  ] as const;
  assertEquals(responseHeaders(reply, filter), [["date", "1"]]);
});
