import { assertEquals, assertThrows } from "@std/assert";
import { SignJWT } from "jose";
import { toTokenReply } from "../../auth/token_reply.ts";
import { GatewayError } from "../../errors/gateway_error.ts";

const NOW = 1_800_000_000_000;

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

function reply(status: number, body: unknown, requestedScope = "") {
  const content = typeof body === "string" ? body : JSON.stringify(body);
  const bytes = new TextEncoder().encode(content);
  return toTokenReply({ status, headers: new Headers(), bytes }, { requestedScope, now: NOW });
}

const codeOf = (status: number, body: unknown) =>
  assertThrows(() => reply(status, body), GatewayError).failure.code;

/** A token that ends in an hour. */
const JWT = await new SignJWT({ exp: NOW / 1_000 + 3_600 }).setProtectedHeader({ alg: "HS256" })
  .sign(new Uint8Array(32));

Deno.test("a complete reply is passed on byte by byte", () => {
  const body =
    '{ "access_token":"a","expires_in":9007199254740993,"scope":"","token_type":"bearer","x":1 }';
  const { status, bytes, outcome } = reply(200, body);
  assertEquals([status, text(bytes), outcome], [200, body, "issued"]);
});

Deno.test("what an issuer leaves out is added: type, lifetime by exp, and the requested scope", () => {
  assertEquals(JSON.parse(text(reply(200, { access_token: JWT }, "sms:a").bytes)), {
    access_token: JWT,
    token_type: "Bearer",
    expires_in: 3_600,
    scope: "sms:a",
  });
});

Deno.test("what an issuer says is never changed, and other members stay", () => {
  const body = { access_token: JWT, expires_in: "60", scope: null, ext_expires_in: 1 };
  assertEquals(JSON.parse(text(reply(200, body, "sms:a").bytes)), {
    ...body,
    token_type: "Bearer",
  });
});

Deno.test("the lifetime of a token that cannot be read is not invented", () => {
  assertEquals(JSON.parse(text(reply(200, { access_token: "opaque" }).bytes)), {
    access_token: "opaque",
    token_type: "Bearer",
    scope: "",
  });
});

for (const type of ["DPoP", "mac", "N_A", "", "Bearer x", 7, null, ["Bearer"]]) {
  Deno.test(`a token of the type ${JSON.stringify(type)} is not passed on as one for bearers`, () => {
    assertEquals(codeOf(200, { access_token: JWT, token_type: type }), "token_endpoint_failed");
  });
}

const ERRORS: readonly [status: number, error: string, outcome: string][] = [
  [400, "invalid_request", "invalid_request"],
  [401, "invalid_client", "invalid_client"],
  [400, "invalid_scope", "invalid_scope"],
  [403, "access_denied", "refused"],
  [429, "slow_down", "refused"],
];

for (const [status, error, expected] of ERRORS) {
  Deno.test(`the issuer's error ${status} ${error} is passed on byte by byte`, () => {
    const body = `{"error" : "${error}", "error_description":"Wrong", "trace_id":"x"}`;
    const { bytes, outcome, ...rest } = reply(status, body);
    assertEquals([rest.status, text(bytes), outcome], [status, body, expected]);
  });
}

const UNUSABLE: readonly [status: number, body: unknown, code: string][] = [
  [200, {}, "token_endpoint_failed"],
  [200, { access_token: "" }, "token_endpoint_failed"],
  [200, { access_token: { a: 1 } }, "token_endpoint_failed"],
  [200, [{ access_token: "a" }], "token_endpoint_failed"],
  [200, "access_token=a&token_type=bearer", "token_endpoint_failed"],
  [200, '{"access_token":"a"', "token_endpoint_failed"],
  [204, "", "token_endpoint_failed"],
  [200, { error: "invalid_client" }, "token_endpoint_failed"],
  [302, { access_token: "a" }, "token_endpoint_failed"],
  [400, "<html>", "token_endpoint_failed"],
  [404, {}, "token_endpoint_failed"],
  [401, { error: { code: 1 } }, "token_endpoint_failed"],
  [500, { error: "server_error" }, "token_endpoint_failed"],
  [502, "", "token_endpoint_failed"],
  [429, "", "token_endpoint_unavailable"],
  [503, { error: "temporarily_unavailable" }, "token_endpoint_unavailable"],
];

for (const [status, body, code] of UNUSABLE) {
  Deno.test(`a reply ${status} ${JSON.stringify(body)} is ${code}`, () => {
    assertEquals(codeOf(status, body), code);
  });
}
