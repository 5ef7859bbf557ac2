import {
  assert,
  assertEquals,
  assertMatch,
  assertNotMatch,
  assertStringIncludes,
} from "@std/assert";
import { staticKeySet } from "../../auth/key_set.ts";
import { TransportError } from "../../errors/transport_error.ts";
import { jsonReply, testGateway } from "../support/gateway.ts";

const BATCHES = "/xms/v1/plan-1/batches";
const JSON_TYPE = { "content-type": "application/json" };

/** Faults of a request, in the order in which they are checked. */
const FAULTS = [
  { wrong: "an unknown path", status: 404 },
  { wrong: "a wrong method", status: 405 },
  { wrong: "no token", status: 401 },
  { wrong: "no content type", status: 415 },
  { wrong: "too large a body", status: 400 },
] as const;

for (const [first, { wrong, status }] of FAULTS.entries()) {
  Deno.test(`a request with ${wrong} and all faults checked later is ${status} and not forwarded`, async () => {
    const { request, sent } = await testGateway({ env: { MAX_BODY_BYTES: "10" } });
    const response = await request(first === 0 ? `${BATCHES}/` : BATCHES, {
      method: first <= 1 ? "PATCH" : "POST",
      token: first <= 2 ? null : {},
      headers: first <= 3 ? { "content-type": "text/plain" } : JSON_TYPE,
      body: '{"body":"far too long"}',
    });
    assertEquals(response.status, status);
    assertEquals(response.headers.get("x-error-origin"), "gateway");
    assertEquals(sent, []);
  });
}

Deno.test("a valid request is forwarded", async () => {
  const { request, sent } = await testGateway();
  const response = await request(BATCHES, { method: "POST", headers: JSON_TYPE, body: "{}" });
  assertEquals([response.status, sent.length], [200, 1]);
});

/** Failures, with their status and origin. */
const FAILURES: readonly [
  name: string,
  status: number,
  origin: string,
  options: Parameters<typeof testGateway>[0],
  path: string,
  init: Parameters<Awaited<ReturnType<typeof testGateway>>["request"]>[1],
][] = [
  ["unknown path", 404, "gateway", {}, "/", {}],
  ["wrong method", 405, "gateway", {}, BATCHES, { method: "PATCH" }],
  ["no token", 401, "gateway", {}, BATCHES, { token: null }],
  ["another plan", 401, "gateway", {}, "/xms/v1/plan-2/batches", {}],
  ["no content type", 415, "gateway", {}, BATCHES, {
    method: "POST",
    body: "{}",
    headers: {
      "content-type": "text/plain",
    },
  }],
  ["too large", 400, "gateway", { env: { MAX_BODY_BYTES: "1" } }, BATCHES, {
    method: "POST",
    headers: JSON_TYPE,
    body: "{}",
  }],
  [
    "unreachable",
    503,
    "gateway",
    {
      upstream: () => Promise.reject(new TransportError(false, "network", { cause: undefined })),
      env: { RETRY_ATTEMPTS: "0" },
    },
    BATCHES,
    {},
  ],
  [
    "a bug after sending",
    502,
    "gateway",
    { upstream: () => Promise.reject(new TypeError("bug")) },
    BATCHES,
    {},
  ],
  ["upstream 403", 403, "upstream", { upstream: () => jsonReply(403, { code: "c" }) }, BATCHES, {}],
  ["upstream 404", 404, "upstream", { upstream: () => jsonReply(404, { code: "c" }) }, BATCHES, {}],
  ["upstream 401", 503, "upstream", { upstream: () => jsonReply(401, {}) }, BATCHES, {}],
  ["upstream 302", 502, "upstream", { upstream: () => jsonReply(302, {}) }, BATCHES, {}],
  ["upstream 500", 500, "upstream", { upstream: () => jsonReply(500, {}) }, BATCHES, {}],
];

for (const [name, status, origin, options, path, init] of FAILURES) {
  Deno.test(`${name} is a ${status} with X-Error-Origin: ${origin}`, async () => {
    const { request } = await testGateway(options);
    const response = await request(path, init);
    assertEquals(response.status, status);
    assertEquals(response.headers.get("x-error-origin"), origin);
    assertMatch(response.headers.get("x-request-id") ?? "", /^id-1$/);
    if (status === 404) assertEquals(await response.text(), "");
    else assertEquals(Object.keys(await response.json()), ["code", "text"]);
  });
}

Deno.test("a success has no X-Error-Origin", async () => {
  const { request } = await testGateway();
  const response = await request(BATCHES);
  assertEquals(response.headers.has("x-error-origin"), false);
});

Deno.test("a token that cannot be verified for want of keys is 503 with Retry-After and no challenge", async () => {
  const keySet = staticKeySet({ keys: [] });
  const { request, sent } = await testGateway({
    keySet: {
      ...keySet,
      isReady: () => false,
      getKey: async () => {
        const { KeySetUnavailableError } = await import("../../auth/key_set.ts");
        throw new KeySetUnavailableError();
      },
    },
  });
  const response = await request(BATCHES);
  assertEquals([response.status, (await response.json()).code], [503, "key_set_unavailable"]);
  assert(response.headers.has("retry-after"));
  assertEquals(response.headers.has("www-authenticate"), false);
  assertEquals(sent, []);
});

Deno.test("an unexpected error is 500 without any detail", async () => {
  const { request } = await testGateway({
    upstream: () => Promise.reject(new TypeError("PRIVATE")),
  });
  const body = await (await request(BATCHES)).text();
  assertStringIncludes(body, "internal_error");
  assertNotMatch(body, /PRIVATE|TypeError/);
});

Deno.test("if the handler itself fails, paths of the API and others get the same error, without any detail", async () => {
  const failing = [{
    finished() {
      throw new TypeError("PRIVATE");
    },
  }];
  const { request } = await testGateway({ deps: { observers: failing } });
  for (const path of [BATCHES, "/nothing"]) {
    const response = await request(path, { headers: { authorization: "none" } });
    const { code } = await response.json();
    assertEquals([response.status, code], [500, "internal_error"], path);
    assertEquals(response.headers.get("x-error-origin"), "gateway");
    assert(response.headers.has("x-request-id"));
  }
});
