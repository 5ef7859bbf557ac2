import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { testGateway } from "../support/gateway.ts";
import { testIssuer, type TokenOptions } from "../support/issuer.ts";

const BATCHES = "/xms/v1/plan-1/batches";
const CHALLENGE = 'Bearer realm="sms-gateway"';

/** `Authorization` headers without a bearer token. */
const MISSING = [undefined, "", "Basic dXNlcjpwYXNz", "Digest x", "Bearerx abc", "token abc"];

for (const authorization of MISSING) {
  Deno.test(`Authorization ${JSON.stringify(authorization)} is 401 with a challenge that names no error (RFC 6750 §3.1)`, async () => {
    const { request, sent } = await testGateway();
    const headers = authorization === undefined ? {} : { authorization };
    const response = await request(BATCHES, { token: null, headers });
    assertEquals(response.status, 401);
    assertEquals(response.headers.get("www-authenticate"), CHALLENGE);
    assertEquals((await response.json()).code, "unauthorized");
    assertEquals(sent, []);
  });
}

for (
  const authorization of [
    "Bearer",
    "Bearer ",
    "Bearer a b",
    "Bearer a,b",
    "Bearer =",
    'Bearer "a"',
    "Bearer a\u00e9",
    "Bearer a.b.c, Bearer d.e.f",
  ]
) {
  Deno.test(`Authorization ${JSON.stringify(authorization)} is 401 invalid_token with the description "malformed"`, async () => {
    const { request, sent } = await testGateway();
    const response = await request(BATCHES, { headers: { authorization } });
    assertEquals(response.status, 401);
    const challenge = response.headers.get("www-authenticate") ?? "";
    assertMatch(challenge, /^Bearer realm="sms-gateway", error="invalid_token", /);
    assertStringIncludes(challenge, "malformed");
    assertEquals(sent, []);
  });
}

for (const scheme of ["Bearer", "bearer", "BEARER", "Bearer  "]) {
  Deno.test(`the scheme ${JSON.stringify(scheme)} is accepted`, async () => {
    const { request, issuer } = await testGateway();
    const headers = { authorization: `${scheme} ${await issuer.token()}` };
    assertEquals((await request(BATCHES, { headers })).status, 200);
  });
}

const REFUSED: readonly [name: string, TokenOptions, word: string][] = [
  ["an expired token", { expiresInS: -60 }, "expired"],
  ["a token that is not valid yet", { notBeforeInS: 600 }, "not valid yet"],
  ["a token of another issuer", { issuer: "https://x.test" }, "another issuer"],
  ["a token for another audience", { audience: "x" }, "another audience"],
  ["a token without exp", { expiresInS: null }, "lacks a required claim"],
  ["a token without any plan", { servicePlans: [] }, "this service plan"],
  ["a token for another plan", { servicePlans: ["plan-2"] }, "this service plan"],
  ["a token for plans with a similar name", { servicePlans: ["plan-1x", "plan"] }, "this service"],
  ["a token for the plan in upper case", { servicePlans: ["PLAN-1"] }, "this service plan"],
  ["a token with * as its plan", { servicePlans: ["*"] }, "this service plan"],
];

for (const [name, token, word] of REFUSED) {
  Deno.test(`${name} is 401 invalid_token, and the challenge says "${word}"`, async () => {
    const { request, sent } = await testGateway();
    const response = await request(BATCHES, { token });
    const { code, text } = await response.json();
    assertEquals([response.status, code], [401, "unauthorized"]);
    assertMatch(text, /\.$/);
    assertStringIncludes(response.headers.get("www-authenticate") ?? "", 'error="invalid_token"');
    assertStringIncludes(response.headers.get("www-authenticate") ?? "", word);
    assertEquals(sent, []);
  });
}

Deno.test("a plan without a credential is refused exactly like one that the token does not name", async () => {
  const { request } = await testGateway();
  const token = { servicePlans: ["plan-1", "no-such-plan"] };
  const responses = [
    await request("/xms/v1/no-such-plan/batches", { token }),
    await request("/xms/v1/plan-2/batches", { token }),
  ];
  const seen = await Promise.all(responses.map(async (response) => [
    response.status,
    response.headers.get("www-authenticate"),
    await response.text(),
  ]));
  assertEquals(seen[0], seen[1]);
});

Deno.test("a plan without a credential is never recorded, as it may be any text", async () => {
  const { request, exchanges } = await testGateway();
  await request("/xms/v1/46701234567/batches");
  assertEquals(exchanges[0]?.servicePlanId, undefined);
});

Deno.test("a plan named like a member of Object has no credential", async () => {
  const { request, sent } = await testGateway();
  for (const plan of ["constructor", "__proto__", "toString"]) {
    const token = { servicePlans: [plan] };
    assertEquals((await request(`/xms/v1/${plan}/batches`, { token })).status, 401);
  }
  assertEquals(sent, []);
});

Deno.test("a cached token is refused for a plan that it does not name", async () => {
  const { request, issuer } = await testGateway();
  const headers = { authorization: `Bearer ${await issuer.token()}` };
  assertEquals((await request(BATCHES, { headers })).status, 200);
  assertEquals((await request("/xms/v1/plan-2/batches", { headers })).status, 401);
  assertEquals((await request(BATCHES, { headers })).status, 200);
});

Deno.test("a token in the query or in the body is ignored", async () => {
  const { request, issuer } = await testGateway();
  const path = `${BATCHES}?access_token=${await issuer.token()}`;
  assertEquals((await request(path, { token: null })).status, 401);
});

Deno.test("a token signed by an unknown key is refused", async () => {
  const { request, sent } = await testGateway();
  const otherIssuer = await testIssuer();
  const headers = { authorization: `Bearer ${await otherIssuer.token()}` };
  assertEquals((await request(BATCHES, { headers })).status, 401);
  assertEquals(sent, []);
});
