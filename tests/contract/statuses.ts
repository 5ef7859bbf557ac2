import { assert, assertEquals, assertMatch } from "@std/assert";
import { testIssuer, type TokenOptions } from "../support/issuer.ts";
import { exchangeRaw, rawRequest } from "../support/raw_client.ts";
import { refusedPort } from "../support/raw_upstream.ts";
import { assertError } from "./errors.ts";
import type { Steps } from "./suite.ts";
import { LONG_BODY, REPLIES } from "./upstream.ts";

const BATCHES = "/xms/v1/plan-1/batches";
const JSON_TYPE = { "content-type": "application/json" };
const POST = { method: "POST", headers: JSON_TYPE, body: "{}" };

/** Fault of a token → the options that cause it. */
const BAD_TOKENS: Readonly<Record<string, TokenOptions>> = {
  "is expired": { expiresInS: -60 },
  "is not valid yet": { notBeforeInS: 60 },
  "never expires": { expiresInS: null },
  "is of another issuer": { issuer: "https://other.test" },
  "is for another audience": { audience: "other" },
  "is for another plan": { servicePlans: ["plan-2"] },
  "names other plans as a string": { servicePlans: "plan-2 plan-10" },
};

const BAD_AUTHORIZATIONS = ["Basic eDp5", "Bearer", "Bearer a b", "Bearer x.y.z"];

/** Contract §2. */
export const STATUSES: Steps = {
  "a success is returned with the upstream's status and bytes": async ({ request }) => {
    const odd = await request(`${BATCHES}?reply=odd`);
    assertEquals([odd.status, odd.headers.get("content-type")], [226, "x/odd"]);
    assertEquals(await odd.bytes(), REPLIES.odd.body);
    const unspaced = await request(`${BATCHES}?reply=unspaced`);
    assertEquals(await unspaced.text(), REPLIES.unspaced.body);
    const empty = await request(`${BATCHES}?reply=empty`);
    assertEquals([empty.status, await empty.text()], [204, ""]);
    const long = await request(`${BATCHES}?reply=long`);
    assertEquals(await long.text(), LONG_BODY);
  },

  "no token is 401 with a challenge": async ({ request, upstream }) => {
    const response = await request(BATCHES, { token: null });
    await assertError(response, { status: 401, code: "unauthorized", origin: "gateway" });
    assertMatch(response.headers.get("www-authenticate") ?? "", /^Bearer /);
    assertEquals(upstream.taken(), []);
  },

  "an Authorization without a bearer token is 401": async ({ request }) => {
    for (const authorization of BAD_AUTHORIZATIONS) {
      const response = await request(BATCHES, { headers: { authorization } });
      await assertError(response, { status: 401, origin: "gateway" });
    }
  },

  ...Object.fromEntries(
    Object.entries(BAD_TOKENS).map(([what, token]) =>
      [
        `a token that ${what} is 401`,
        async ({ request, upstream }) => {
          const response = await request(BATCHES, { token });
          await assertError(response, { status: 401, code: "unauthorized", origin: "gateway" });
          assertEquals(upstream.taken(), []);
        },
      ] as const satisfies [string, Steps[string]]
    ),
  ),

  "a forged token is 401": async ({ request }) => {
    const forger = await testIssuer();
    const headers = { authorization: `Bearer ${await forger.token()}` };
    await assertError(await request(BATCHES, { headers }), { status: 401, origin: "gateway" });
  },

  "a plan without a credential is 401": async ({ request }) => {
    const token = { servicePlans: ["plan-3"] };
    await assertError(await request("/xms/v1/plan-3/batches", { token }), { status: 401 });
  },

  "an unsupported method is 405 with Allow": async ({ request }) => {
    const response = await request(BATCHES, { method: "PATCH" });
    await assertError(response, { status: 405, code: "method_not_allowed", origin: "gateway" });
    assertEquals(response.headers.get("allow")?.split(", ").toSorted(), ["GET", "HEAD", "POST"]);
  },

  "a body without a JSON content type is 415": async ({ request, upstream }) => {
    for (const type of ["text/plain", "application/jsonx", "application/xml; a=application/json"]) {
      const response = await request(BATCHES, { ...POST, headers: { "content-type": type } });
      await assertError(response, { status: 415, code: "unsupported_media_type" });
      assertEquals(response.headers.get("accept"), "application/json");
    }
    assertEquals(upstream.taken(), []);
  },

  "a body over the limit is 400, with or without Content-Length": async ({ request, upstream }) => {
    const large = JSON.stringify({ body: "x".repeat(5_000) });
    const expected = {
      status: 400,
      code: "syntax_constraint_violation",
      origin: "gateway",
    } as const;
    await assertError(await request(BATCHES, { ...POST, body: large }), expected);
    const stream = new Blob([large]).stream();
    await assertError(await request(BATCHES, { ...POST, body: stream }), expected);
    assertEquals(upstream.taken(), []);
  },

  "an incomplete body is never forwarded": async ({ url, issuer, upstream }) => {
    const head = [
      `POST ${BATCHES} HTTP/1.1`,
      "Host: gateway.test",
      "Connection: close",
      `Authorization: Bearer ${await issuer.token()}`,
      "Content-Type: application/json",
      "Content-Length: 100",
    ];
    const answer = await exchangeRaw(Number(new URL(url).port), `${head.join("\r\n")}\r\n\r\n{"bo`);
    assertEquals(answer.status, 400);
    assertEquals(upstream.taken(), []);
  },

  "an invalid Host is 400 for every path, and nothing is forwarded": async (world) => {
    if (!world.traits.rawTargets) return; // the runtime checks Host before the gateway
    const port = Number(new URL(world.url).port);
    const authorization = `Authorization: Bearer ${await world.issuer.token()}`;
    for (const target of ["/nothing", "/livez", "/metrics", BATCHES]) {
      // Deno with OTEL_DENO fails on a space before the gateway: see tests/sockets/hosts.test.ts
      for (const host of [`x${BATCHES}?`, "x/livez?", "u@x", "x\\livez?", "\xfc", ""]) {
        const head = [
          `GET ${target} HTTP/1.1`,
          `Host: ${host}`,
          authorization,
          "Connection: close",
        ];
        const { status, headers, body } = await exchangeRaw(port, `${head.join("\r\n")}\r\n\r\n`);
        assertEquals([status, headers.get("x-error-origin")], [400, "gateway"], host);
        assertEquals(JSON.parse(body).code, "syntax_invalid_parameter_format");
      }
    }
    assertEquals(world.upstream.taken(), []);
  },

  "documented refusals of the upstream are returned with their codes": async ({ request }) => {
    for (const code of ["unknown_group", "unknown_campaign", "illegal_number_type"]) {
      const path = `${BATCHES}?sandbox_status=403&sandbox_code=${code}`;
      await assertError(await request(path, POST), { status: 403, code, origin: "upstream" });
    }
  },

  "requests over a caller's limit are 429": async (world) => {
    await using gateway = await world.start({ MAX_OUTSTANDING_PER_CALLER: "1" });
    const { url } = gateway;
    const first = world.request(`${BATCHES}?sandbox_delay_ms=600`, { url });
    while (world.upstream.taken().length === 0) await new Promise((go) => setTimeout(go, 10));
    const expected = { status: 429, code: "too_many_requests", origin: "gateway" } as const;
    await assertError(await world.request(BATCHES, { url }), expected);
    await (await first).body?.cancel();
    const after = await world.request(BATCHES, { url });
    await after.body?.cancel();
    assertEquals(after.status, 200);
  },

  "an upstream that refuses connections is 503, if the runtime proves that nothing was sent":
    async (
      world,
    ) => {
      await using gateway = await world.start({ SMS_API_URL: `http://127.0.0.1:${refusedPort()}` });
      const response = await world.request(BATCHES, { ...POST, url: gateway.url });
      const code = world.traits.provesUnsent ? "upstream_unreachable" : "upstream_connection_lost";
      const status = world.traits.provesUnsent ? 503 : 502;
      await assertError(response, { status, code, origin: "gateway" });
    },

  "an upstream that does not answer is 504, and the outcome of a POST is unknown": async (
    world,
  ) => {
    const path = `${BATCHES}?sandbox_delay_ms=4000`;
    const response = await world.request(path, {
      ...POST,
      body: '{"to":["12025550142"],"body":"x"}',
    });
    const text = await assertError(response, { status: 504, code: "upstream_timeout" });
    assertMatch(text, /It is not known whether/);
  },

  "an answer that stalls or breaks off within the first bytes is 504 or 502": async (
    { request },
  ) => {
    const stalled = await request(`${BATCHES}?sandbox_stall=true`);
    await assertError(stalled, { status: 504, code: "upstream_timeout" });
    const cut = await request(`${BATCHES}?sandbox_reset=mid_body`);
    await assertError(cut, { status: 502, code: "upstream_connection_lost" });
  },

  "a POST whose connection breaks is sent once, and its outcome is unknown": async (world) => {
    await using gateway = await world.start({ RETRY_ATTEMPTS: "2" });
    // Leaves an idle connection first: some clients resend when a reused connection breaks.
    await (await world.request(BATCHES, { url: gateway.url })).body?.cancel();
    world.upstream.taken();
    const path = `${BATCHES}?sandbox_reset=before_headers`;
    const response = await world.request(path, { ...POST, url: gateway.url });
    const text = await assertError(response, { status: 502, code: "upstream_connection_lost" });
    assertMatch(text, /It is not known whether/);
    assertEquals(world.upstream.taken().length, 1);
  },

  "a GET whose connection breaks is sent again": async (world) => {
    await using gateway = await world.start({ RETRY_ATTEMPTS: "2" });
    const path = `${BATCHES}?sandbox_reset=before_headers`;
    await assertError(await world.request(path, { url: gateway.url }), { status: 502 });
    assertEquals(world.upstream.taken().length, 3);
  },

  "a hang-up of the caller cancels a GET, but not a request that may send a message": async (
    world,
  ) => {
    const port = Number(new URL(world.url).port);
    const authorization = `Authorization: Bearer ${await world.issuer.token()}`;
    const ofGet = world.traits.seesHangUps ? "cancelled" : "answered";
    for (const [method, end] of [["GET", ofGet], ["POST", "answered"]] as const) {
      const body = method === "POST" ? "{}" : "";
      const headers = [
        authorization,
        ...(body ? ["Content-Type: application/json", `Content-Length: ${body.length}`] : []),
      ];
      world.upstream.slowEnds();
      const caller = await Deno.connect({ hostname: "127.0.0.1", port });
      const request = rawRequest(method, `${BATCHES}?reply=slow`, headers, body);
      await caller.write(new TextEncoder().encode(request));
      while (world.upstream.taken().length === 0) await new Promise((go) => setTimeout(go, 5));
      caller.close();
      await new Promise((go) => setTimeout(go, 1_000));
      assertEquals(world.upstream.slowEnds(), [{ method, end }]);
    }
  },

  "keys are fetched by URL; without a key set a token is 503, not 401": async (world) => {
    const published: unknown[] = [];
    await using issuer = serveKeys(() =>
      published[0] ? Response.json(published[0]) : new Response(null, { status: 500 })
    );
    const env = { AUTH_JWKS: "", AUTH_JWKS_URL: issuer.url, JWKS_COOLDOWN_MS: "50" };
    await using gateway = await world.start(env);
    const { url } = gateway;
    const refused = await world.request(BATCHES, { url });
    await assertError(refused, { status: 503, code: "key_set_unavailable", origin: "gateway" });
    published.push(world.issuer.jwks);
    await assertAccepted(() => world.request(BATCHES, { url }));
  },
};

/** Waits until the gateway has fetched the published keys. */
async function assertAccepted(request: () => Promise<Response>): Promise<void> {
  let status = 0;
  for (let tries = 0; status !== 200 && tries < 40; tries++) {
    await new Promise((go) => setTimeout(go, 50));
    const response = await request();
    await response.body?.cancel();
    status = response.status;
  }
  assert(status === 200, `it went on answering ${status}`);
}

function serveKeys(answer: () => Response): AsyncDisposable & { url: string } {
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, answer);
  return {
    url: `http://127.0.0.1:${server.addr.port}/jwks.json`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}
