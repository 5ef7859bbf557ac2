import { assertEquals, assertNotMatch, assertStringIncludes } from "@std/assert";
import { CATALOG, type CatalogCode, defaultText, OUTCOME_UNKNOWN } from "../../errors/catalog.ts";
import { type Failure, GatewayError } from "../../errors/gateway_error.ts";
import { toFailure, toResponse } from "../../errors/to_response.ts";

const FAILURE: Failure = {
  status: 400,
  code: "c",
  text: "t",
  origin: "gateway",
  fault: "caller",
  processed: "no",
};

const codes = Object.keys(CATALOG) as CatalogCode[];

Deno.test("every code of the catalog is rendered as {code, text} with its status, a 404 without a body", async () => {
  for (const code of codes) {
    const response = toResponse(toFailure(new GatewayError(code), { sent: false }), "id-1");
    const { status } = CATALOG[code];
    assertEquals(response.status, status, code);
    const body = await response.text();
    if (status === 404) {
      assertEquals([body, response.headers.get("content-length")], ["", "0"]);
      assertEquals(response.headers.has("content-type"), false);
    } else {
      assertEquals(JSON.parse(body), { code, text: defaultText(code) }, code);
      assertEquals(response.headers.get("content-type"), "application/json");
    }
  }
});

Deno.test("every error has X-Error-Origin and Cache-Control: no-store", () => {
  for (const origin of ["gateway", "upstream"] as const) {
    for (const status of [400, 401, 403, 404, 405, 415, 418, 429, 500, 502, 503, 504]) {
      const { headers } = toResponse({ ...FAILURE, status, origin }, "id-1");
      assertEquals(headers.get("x-error-origin"), origin);
      assertEquals(headers.get("cache-control"), "no-store");
    }
  }
});

Deno.test("every 429 and 503 has Retry-After, and no other error has it", () => {
  for (let status = 400; status < 600; status++) {
    const { headers } = toResponse({ ...FAILURE, status }, "id-1");
    assertEquals(headers.has("retry-after"), status === 429 || status === 503, `${status}`);
  }
});

Deno.test("the upstream's Retry-After takes precedence over the default", () => {
  const failure: Failure = {
    ...FAILURE,
    status: 503,
    headers: { "retry-after": "120" },
  };
  assertEquals(toResponse(failure, "id-1").headers.get("retry-after"), "120");
});

for (
  const [name, thrown] of [
    ["an Error", new Error("PRIVATE")],
    ["an Error with a cause", new Error("PRIVATE", { cause: new Error("PRIVATE") })],
    ["a string", "PRIVATE"],
    ["undefined", undefined],
    ["null", null],
    ["an object that looks like a failure", { failure: { status: 200, code: "PRIVATE" } }],
    ["an Error with a status", Object.assign(new Error("PRIVATE"), { status: 418 })],
  ] as const
) {
  Deno.test(`${name}, thrown unexpectedly, becomes a 500 without any detail`, async () => {
    const response = toResponse(toFailure(thrown, { sent: false }), "id-1");
    assertEquals(response.status, 500);
    assertEquals(response.headers.get("x-error-origin"), "gateway");
    const body = await response.text();
    assertNotMatch(body, /PRIVATE/);
    assertEquals(JSON.parse(body).code, "internal_error");
  });
}

Deno.test("the private cause of a GatewayError never reaches the caller", async () => {
  const error = new GatewayError("upstream_timeout", { cause: new Error("PRIVATE") });
  const response = toResponse(toFailure(error, { sent: false }), "id-1");
  assertNotMatch(JSON.stringify([...response.headers]) + await response.text(), /PRIVATE/);
});

Deno.test("an unexpected error after the request was sent is 502, not 500, as the outcome is unknown", () => {
  const { status, processed, text } = toFailure(new TypeError("bug"), { sent: true });
  assertEquals([status, processed], [502, "unknown"]);
  assertStringIncludes(text, OUTCOME_UNKNOWN);
  assertNotMatch(text, /was not processed/);
});
