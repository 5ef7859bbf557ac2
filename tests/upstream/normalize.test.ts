import {
  assert,
  assertEquals,
  assertMatch,
  assertNotMatch,
  assertStringIncludes,
} from "@std/assert";
import { CATALOG, catalogEntry, defaultText, OUTCOME_UNKNOWN } from "../../errors/catalog.ts";
import type { Failure } from "../../errors/gateway_error.ts";
import { toResponse } from "../../errors/to_response.ts";
import { normalize } from "../../upstream/normalize.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const json = (value: unknown) => encode(JSON.stringify(value));

/** Every body of contract.md §3, and further malformed ones. */
const SHAPES: Readonly<Record<string, Uint8Array>> = {
  "the documented members": json({ code: "unknown_group", text: "No such group." }),
  "further members": json({ code: "unknown_group", text: "t", reference: "r", details: [1] }),
  "a numeric code": json({ code: 4711, text: "t" }),
  "the status as its code": json({ code: 400, text: "t" }),
  "no text": json({ code: "unknown_group" }),
  "an empty text": json({ code: "unknown_group", text: "" }),
  "no code": json({ text: "t" }),
  "an empty code": json({ code: " ", text: "t" }),
  "members of other types": json({ code: { a: 1 }, text: ["t"], message: 7 }),
  "nulls": json({ code: null, text: null, error: null, errors: null }),
  "Google's": json({
    error: { code: 400, message: "m", status: "INVALID_ARGUMENT", details: [{ a: 1 }] },
  }),
  "RFC 9457": json({ type: "about:blank", title: "t", detail: "d", status: 400 }),
  "OAuth's": json({ error: "invalid_token", error_description: "d" }),
  "a message": json({ message: "m" }),
  "errors": json({ errors: [{ code: "first", message: "m" }, { code: "second" }] }),
  "empty errors": json({ errors: [] }),
  "errors as strings": json({ errors: ["m"] }),
  "deeply nested errors": json({ error: { error: { error: { message: "m" } } } }),
  "an HTML page": encode("<html><body><h1>502 Bad Gateway</h1></body></html>"),
  "XML": encode('<?xml version="1.0"?><error/>'),
  "plain text": encode("upstream connect error"),
  "an empty body": new Uint8Array(),
  "blanks": encode(" \r\n\t "),
  "truncated JSON": encode('{"code":"unknown_group","text":"No su'),
  "bytes that are not UTF-8": new Uint8Array([0x7b, 0xff, 0xfe, 0x80, 0x7d]),
  "UTF-16": new Uint8Array([0xff, 0xfe, 0x7b, 0x00, 0x7d, 0x00]),
  "a byte order mark": new Uint8Array([0xef, 0xbb, 0xbf, ...json({ code: "c", text: "t" })]),
  "controls": encode("\0\x01\x02"),
  "a code with a line break and an escape sequence": json({ code: "a\n\x1b[31mb\x9bc", text: "t" }),
  "a text of 1,024 that ends within a surrogate pair": json({ text: `${"x".repeat(1_023)}😀` }),
  "a code of 128 that ends within a surrogate pair": json({ code: `${"x".repeat(127)}😀` }),
  "a lone surrogate": encode('{"code":"c\\ud83d","text":"t\\udc00"}'),
  "JSON null": encode("null"),
  "a JSON array": json([{ code: "c", text: "t" }]),
  "a JSON string": json("oops"),
  "a JSON number": encode("42"),
  "__proto__": encode('{"__proto__":{"code":"c","text":"t"}}'),
  "64 KiB of one line": encode("x".repeat(64 * 1024)),
  "a text of 64 KiB": json({ code: "c".repeat(1000), text: "t".repeat(60_000) }),
};

const METHODS = ["GET", "POST", "PUT", "DELETE"] as const;

interface Reply {
  status: number;
  headers?: [string, string][];
  bytes?: Uint8Array;
  method?: string;
}

function normalized({ status, headers = [], bytes = new Uint8Array(), method = "GET" }: Reply) {
  return normalize({ status, headers, bytes }, {
    method,
    allow: ["GET", "HEAD"],
    clean: (text) => text,
  });
}

/** Contract.md §2 and §3: what the caller gets for a status of the upstream. */
function promisedStatus(upstream: number): number {
  if ([401, 408, 425, 503].includes(upstream)) return 503;
  if (upstream === 500) return 500;
  return upstream < 400 || upstream === 499 || upstream > 500 ? 502 : upstream;
}

/** Statuses of the API, or of a proxy before it, that tell that a request was not processed. */
const NOT_PROCESSED = [400, 401, 403, 404, 405, 408, 415, 425, 429, 500, 503];

function assertContract(failure: Failure, upstream: number, note: string) {
  assertEquals(failure.status, promisedStatus(upstream), note);
  assertEquals(failure.processed, NOT_PROCESSED.includes(upstream) ? "no" : "unknown", note);
  assertEquals(failure.origin, "upstream", note);
  for (const value of [failure.code, failure.text]) {
    assert(typeof value === "string" && value.trim() !== "", note);
  }
  assert(failure.code.length <= 128 && failure.text.length <= 1_024, note);
  // deno-lint-ignore no-control-regex -- asserts that there are no control characters
  assertNotMatch(failure.code + failure.text, /[\x00-\x1f\x7f-\x9f]/, note);
  assert((failure.code + failure.text).isWellFormed(), note);
}

for (const [shape, bytes] of Object.entries(SHAPES)) {
  Deno.test(`an error reply with ${shape} becomes an answer by the contract for every status and method`, () => {
    for (const status of [...Array(300).keys()].map((n) => n + 300).concat(600, 700, 999)) {
      for (const method of METHODS) {
        const note = `${shape} ${status} ${method}`;
        assertContract(normalized({ status, bytes, method }), status, note);
      }
    }
  });
}

for (const [shape, bytes] of Object.entries(SHAPES)) {
  Deno.test(`${shape} is answered with {code, text} alone, and a 404 without a body`, async () => {
    for (const status of [302, 400, 401, 403, 404, 405, 409, 415, 418, 429, 500, 502, 503, 522]) {
      const response = toResponse(normalized({ status, bytes }), "id-1");
      const body = await response.text();
      assertEquals(response.headers.get("x-error-origin"), "upstream");
      if (status === 404) assertEquals(body, "");
      else assertEquals(Object.keys(JSON.parse(body)), ["code", "text"]);
    }
  });
}

/** Body of a 400 → its code and text. */
const READ: readonly [shape: string, body: unknown, code: string, text: string][] = [
  ["the documented shape", { code: "unknown_campaign", text: "t" }, "unknown_campaign", "t"],
  ["an unknown code", { code: "brand_new", text: "t" }, "brand_new", "t"],
  ["a numeric code", { code: 4711, text: "t" }, "4711", "t"],
  [
    "a code that repeats the status",
    { code: 400, text: "t" },
    "syntax_constraint_violation",
    "t",
  ],
  [
    "Google's shape",
    { error: { code: 400, message: "m", status: "INVALID_ARGUMENT" } },
    "INVALID_ARGUMENT",
    "m",
  ],
  [
    "RFC 9457 with a type",
    { type: "https://x.test/problems/out-of-credit", title: "t", detail: "d", status: 400 },
    "out-of-credit",
    "d",
  ],
  [
    "RFC 9457 without a type",
    { type: "about:blank", title: "t", status: 400 },
    "syntax_constraint_violation",
    "t",
  ],
  [
    "OAuth's shape",
    { error: "invalid_scope", error_description: "d" },
    "invalid_scope",
    "d",
  ],
  [
    "an error that is a string",
    { error: "It is bad." },
    "syntax_constraint_violation",
    "It is bad.",
  ],
  ["a message", { message: "m" }, "syntax_constraint_violation", "m"],
  [
    "the first of several errors",
    { errors: [{ code: "a", message: "m" }, { code: "b" }] },
    "a",
    "m",
  ],
  ["errors that are strings", { errors: ["m"] }, "syntax_constraint_violation", "m"],
  ["a JSON string", "oops", "syntax_constraint_violation", "oops"],
  ["text with line breaks", { code: "c", text: "a\r\n\tb\u0000c" }, "c", "a b c"],
  ["a code with a line break", { code: "a\nb", text: "t\u009b31m" }, "a b", "t 31m"],
];

for (const [shape, body, code, text] of READ) {
  Deno.test(`code and text are read from ${shape}`, () => {
    const failure = normalized({ status: 400, bytes: json(body) });
    assertEquals([failure.code, failure.text], [code, text]);
  });
}

Deno.test("the plain text of a 4xx reaches the caller, that of a 5xx does not", () => {
  const bytes = encode("something\nspecific");
  assertEquals(normalized({ status: 400, bytes }).text, "something specific");
  assertNotMatch(normalized({ status: 500, bytes }).text, /specific/);
});

Deno.test("HTML, truncated JSON and undecodable bytes are never quoted", () => {
  for (const shape of ["an HTML page", "truncated JSON", "bytes that are not UTF-8", "XML"]) {
    const bytes = SHAPES[shape] ?? new Uint8Array();
    const { code, text } = normalized({ status: 400, bytes });
    assertEquals(code, "syntax_constraint_violation");
    assertEquals(text, normalized({ status: 400 }).text);
  }
});

Deno.test("a known code without a text gets the catalog's text with its troubleshooting tip", () => {
  for (const code of ["unknown_group", "missing_callback_url", "blocked_account"] as const) {
    const { text } = normalized({ status: 403, bytes: json({ code }) });
    assertEquals(text, `${CATALOG[code].meaning} ${CATALOG[code].help}`);
  }
});

Deno.test("a documented status without a body gets its documented code", () => {
  const rows: [number, string][] = [
    [400, "syntax_constraint_violation"],
    [403, "forbidden"],
    [404, "not_found"],
    [405, "method_not_allowed"],
    [415, "unsupported_media_type"],
    [429, "too_many_requests"],
    [500, "internal_error"],
    [503, "service_unavailable"],
  ];
  for (const [status, code] of rows) {
    const failure = normalized({ status });
    assertEquals(failure.code, code);
    assertStringIncludes(failure.text, catalogEntry(code)?.help ?? "no entry");
  }
});

Deno.test("an unknown 4xx keeps its number, and its code is the registered name", () => {
  assertEquals(normalized({ status: 409 }).code, "conflict");
  assertEquals(normalized({ status: 422 }).code, "unprocessable_entity");
  assertEquals(normalized({ status: 418 }).code, "i_m_a_teapot");
  assertEquals(normalized({ status: 478 }).code, "http_478");
  assertMatch(normalized({ status: 478 }).text, /answered 478/);
});

Deno.test("an upstream 401 is 503 upstream_credentials_rejected, and its text is not quoted", () => {
  const bytes = json({ code: "unauthorized", text: "PRIVATE" });
  const failure = normalized({ status: 401, bytes, headers: [["www-authenticate", "Bearer"]] });
  assertEquals([failure.status, failure.code], [503, "upstream_credentials_rejected"]);
  assertNotMatch(failure.text, /PRIVATE/);
  assertEquals(Object.keys(failure.headers ?? {}), ["retry-after"]);
});

Deno.test("a POST that may have been processed is 502, and the text says that the outcome is unknown", () => {
  for (const status of [408, 425, 499, 502, 504, 520, 524, 529, 302, 303, 501, 505, 530, 598]) {
    for (const method of METHODS) {
      const { text, ...failure } = normalized({ status, method });
      const unknown = ![408, 425].includes(status);
      assertEquals(failure.code, unknown ? "upstream_failed" : "service_unavailable");
      assertEquals(
        text.includes(OUTCOME_UNKNOWN),
        unknown && method === "POST",
        `${status} ${method}`,
      );
    }
  }
});

/** Headers of the upstream → the headers that the caller gets beside the fixed ones. */
const KEPT: readonly [
  status: number,
  headers: [string, string][],
  kept: Record<string, string>,
][] = [
  [429, [["retry-after", "7"]], { "retry-after": "7" }],
  [503, [["retry-after", "120"]], { "retry-after": "120" }],
  [503, [["retry-after", "Wed, 21 Oct 2026 07:28:00 GMT"]], {
    "retry-after": "Wed, 21 Oct 2026 07:28:00 GMT",
  }],
  [503, [["retry-after", "soon"]], {}],
  [503, [["retry-after", "-1"]], {}],
  [503, [["retry-after", "1.5"]], {}],
  [503, [["retry-after", ""]], {}],
  [503, [["retry-after", "Zebra 1"]], {}],
  [503, [["retry-after", "2027"]], { "retry-after": "2027" }],
  [503, [["retry-after", "Wednesday, 21-Oct-26 07:28:00 GMT"]], {
    "retry-after": "Wednesday, 21-Oct-26 07:28:00 GMT",
  }],
  [503, [["retry-after", "Wed Oct 21 07:28:00 2026"]], {
    "retry-after": "Wed Oct 21 07:28:00 2026",
  }],
  [503, [["retry-after", "Wed, 99 Oct 2026 07:28:00 GMT"]], {}],
  [502, [["retry-after", "7"]], {}],
  [429, [], {}],
  [400, [["retry-after", "7"]], {}],
  [405, [["allow", "PATCH"]], { allow: "GET, HEAD" }],
  [405, [], { allow: "GET, HEAD" }],
  [415, [["accept", "text/html"]], { accept: "application/json" }],
  [403, [["set-cookie", "a=b"], ["server", "x"], ["location", "/"], ["x-any", "1"]], {}],
];

for (const [status, headers, kept] of KEPT) {
  Deno.test(`a ${status} with ${JSON.stringify(headers)} is answered with ${JSON.stringify(kept)}`, () => {
    assertEquals({ ...normalized({ status, headers }).headers }, kept);
  });
}

Deno.test("a text of the API that quotes the request reaches the caller unchanged", () => {
  const text = "Illegal MSISDN: +1 (202) 555-0121 in 'to', body 'Hello'.";
  assertEquals(normalized({ status: 400, bytes: json({ code: "c", text }) }).text, text);
});

Deno.test("the API's text of an undocumented 5xx precedes the advice", () => {
  const bytes = json({ code: "c", text: "Storage is full." });
  const { text } = normalized({ status: 507, bytes, method: "POST" });
  assertEquals(
    text,
    `The request was sent to the SMS API, which answered 507: Storage is full. ${OUTCOME_UNKNOWN}`,
  );
});

Deno.test("credentials are removed from a text, and a code that contains one is dropped", () => {
  const failure = normalize(
    { status: 400, headers: [], bytes: json({ code: "PRIVATE", text: "a PRIVATE b" }) },
    { method: "POST", allow: [], clean: (text) => text.replaceAll("PRIVATE", "[redacted]") },
  );
  assertEquals(
    [failure.code, failure.text],
    ["syntax_constraint_violation", "a [redacted] b"],
  );
});

Deno.test("credentials are removed before a text is truncated, so that no part of one is left", () => {
  const text = `${"x".repeat(1_000)} ${"PRIVATE".repeat(10)}`;
  const failure = normalize(
    { status: 400, headers: [], bytes: json({ code: "c", text }) },
    { method: "POST", allow: [], clean: (text) => text.replaceAll("PRIVATE".repeat(10), "[]") },
  );
  assertEquals(failure.text, `${"x".repeat(1_000)} []`);
});

Deno.test("an empty text is replaced by the catalog's", () => {
  const failure = normalized({
    status: 400,
    bytes: json({ code: "syntax_invalid_json", text: "" }),
    method: "POST",
  });
  assertEquals([failure.code, failure.text], [
    "syntax_invalid_json",
    defaultText("syntax_invalid_json"),
  ]);
});
