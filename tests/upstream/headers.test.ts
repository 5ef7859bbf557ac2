import { assertEquals } from "@std/assert";
import { CredentialFilter } from "../../upstream/credential_filter.ts";
import {
  FORWARDED_REQUEST_HEADERS,
  headerOf,
  requestHeaders,
  responseHeaders,
} from "../../upstream/headers.ts";

/** What a caller may send that the upstream must not see (contract.md §4). */
const NEVER_UP = [
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

Deno.test("only the headers of the allow-list go up", () => {
  const caller = new Headers(NEVER_UP.map((name) => [name, "PRIVATE"]));
  for (const name of FORWARDED_REQUEST_HEADERS) caller.set(name, `value of ${name}`);
  assertEquals(requestHeaders(caller), {
    "accept-encoding": "identity",
    ...Object.fromEntries(FORWARDED_REQUEST_HEADERS.map((name) => [name, `value of ${name}`])),
  });
});

Deno.test("no compression is asked for, whatever the caller accepts", () => {
  assertEquals(requestHeaders(new Headers({ "accept-encoding": "gzip, br" })), {
    "accept-encoding": "identity",
  });
});

/** Headers of an upstream's reply that no caller may see. */
const NEVER_DOWN = [
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

for (const name of NEVER_DOWN) {
  Deno.test(`${name} of the upstream does not go down`, () => {
    const reply = [[name, "x"], ["content-type", "application/json"]] as const;
    assertEquals(responseHeaders(reply, filter), [["content-type", "application/json"]]);
  });
}

Deno.test("what describes the answer goes down as it came, repetitions included", () => {
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

Deno.test("what Connection names does not go up", () => {
  const caller = new Headers({
    connection: "close, Accept-Language, USER-AGENT",
    "accept-language": "sv",
    "user-agent": "x",
    accept: "*/*",
  });
  assertEquals(requestHeaders(caller), { "accept-encoding": "identity", accept: "*/*" });
});

Deno.test("what Connection names does not go down, in any case and however it is listed", () => {
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

Deno.test("a value that no response can carry does not go down", () => {
  const bad = ["a\rb", "a\nb", "a\0b", "a\x7fb", "snow\u2603"];
  assertEquals(responseHeaders(bad.map((value) => ["etag", value]), filter), []);
  const good: [string, string][] = [["etag", "tab\tand \xe9"], ["vary", ""]];
  assertEquals(responseHeaders(good, filter), good);
});

Deno.test("a header is found by its first value, or not at all", () => {
  const headers: [string, string][] = [["a", "1"], ["b", "2"], ["b", "3"]];
  assertEquals(headerOf(headers, "b"), "2");
  assertEquals(headerOf(headers, "c"), undefined);
});

Deno.test("a header of the upstream that quotes a credential of any plan does not go down", () => {
  const reply = [
    ["etag", '"hunter2-hunter2-hunter2"'],
    ["vary", "credential-of-another-plan"],
    ["date", "1"],
  ] as const;
  assertEquals(responseHeaders(reply, filter), [["date", "1"]]);
});
