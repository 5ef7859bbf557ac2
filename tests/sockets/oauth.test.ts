import { SpanKind } from "@opentelemetry/api";
import { assert, assertEquals } from "@std/assert";
import { delay } from "@std/async/delay";
import type { ReadableSpan } from "@opentelemetry/sdk-trace-base";
import { type ServedGateway, serveGateway } from "../support/served.ts";
import {
  startTokenEndpoint,
  type TokenAnswer,
  tokenAnswer,
  type TokenEndpoint,
} from "../support/token_endpoint.ts";

const BATCHES = "/xms/v1/plan-1/batches";
const SECRET = "key-secret-0123456789";
const KEYS = { key_id: "b1e2-key", key_secret: SECRET };
const POST: RequestInit = {
  method: "POST",
  headers: { "content-type": "application/json" },
  body: '{"to":["46701234567"],"body":"hello"}',
};

/** The gateway between a token endpoint and an API that accepts some of its tokens. */
interface World extends AsyncDisposable {
  readonly endpoint: TokenEndpoint;
  readonly gateway: ServedGateway;
  /** `Authorization` of the requests to the API, in order. */
  readonly sent: string[];
  /** Tokens and paths that the API refuses with 401. */
  readonly revoked: Set<string>;
}

async function startWorld(
  { env = {}, answer, quote = () => "refused" }: {
    env?: Record<string, string>;
    answer?: TokenEndpoint["answer"];
    quote?: (authorization: string) => string;
  } = {},
): Promise<World> {
  const endpoint = startTokenEndpoint(answer);
  const sent: string[] = [];
  const revoked = new Set<string>();
  const api = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    await request.text();
    const authorization = request.headers.get("authorization") ?? "";
    sent.push(authorization);
    const { pathname } = new URL(request.url);
    if (revoked.has(authorization.replace("Bearer ", "")) || revoked.has(pathname)) {
      return Response.json({ code: "unauthorized", text: "no" }, { status: 401 });
    }
    if (request.url.includes("quote")) {
      return Response.json({ code: "c", text: quote(authorization) }, { status: 403 });
    }
    return Response.json({ id: "1" }, { status: request.method === "POST" ? 201 : 200 });
  });
  const gateway = await serveGateway({
    upstream: `http://127.0.0.1:${api.addr.port}`,
    env: {
      SMS_AUTH_URL: endpoint.url,
      SERVICE_PLANS: JSON.stringify({ "plan-1": KEYS, "plan-2": "static" }),
      ...env,
    },
  });
  return {
    endpoint,
    gateway,
    sent,
    revoked,
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]();
      await api.shutdown();
      await endpoint[Symbol.asyncDispose]();
    },
  };
}

/** Sets the monotonic clock forward until the end of the scope. */
function advanced(ms: number): Disposable {
  const { now } = performance;
  performance.now = () => now.call(performance) + ms;
  return { [Symbol.dispose]: () => void (performance.now = now) };
}

/** Makes timers of a minute and more 20,000 times shorter until the end of the scope. */
function shortTimers(): Disposable {
  const { setTimeout } = globalThis;
  const short = (run: (...args: unknown[]) => void, ms = 0, ...args: unknown[]) =>
    setTimeout(run, ms > 60_000 ? ms / 20_000 : ms, ...args);
  globalThis.setTimeout = Object.assign(short, setTimeout);
  return { [Symbol.dispose]: () => void (globalThis.setTimeout = setTimeout) };
}

const codeOf = async (response: Response) => (await response.json()).code;

const tokenSpans = (spans: readonly ReadableSpan[]) =>
  spans.filter(({ attributes }) => String(attributes["url.full"]).endsWith("/oauth2/token"));

Deno.test("a token is fetched once for a hundred requests at the same time, and then used from memory", async () => {
  const answer = async (index: number) => {
    await delay(100);
    return tokenAnswer(`token-${index + 1}`);
  };
  await using world = await startWorld({ answer });
  const { endpoint, gateway, sent } = world;
  const responses = await Promise.all(
    Array.from({ length: 100 }, () => gateway.request(BATCHES, POST)),
  );
  for (const response of responses) {
    assertEquals([response.status, await response.json()], [201, { id: "1" }]);
  }
  await (await gateway.request(BATCHES)).body?.cancel();
  assertEquals(sent, Array.from({ length: 101 }, () => "Bearer token-1"));
  assertEquals(endpoint.requests, [{
    authorization: `Basic ${btoa(`b1e2-key:${SECRET}`)}`,
    body: "grant_type=client_credentials",
  }]);
});

Deno.test("what a token endpoint says by null is as if it did not say it", async () => {
  const answer = () => tokenAnswer("token-1", { expires_in: null, scope: null });
  await using world = await startWorld({ answer });
  const response = await world.gateway.request(BATCHES);
  await response.body?.cancel();
  assertEquals([response.status, world.sent], [200, ["Bearer token-1"]]);
});

Deno.test("a plan with an API token needs no token endpoint", async () => {
  await using world = await startWorld({ answer: () => undefined });
  const { gateway, sent } = world;
  const headers = { authorization: `Bearer ${await gateway.token({ servicePlans: ["plan-2"] })}` };
  const response = await gateway.request("/xms/v1/plan-2/batches", { headers });
  await response.body?.cancel();
  assertEquals([response.status, sent], [200, ["Bearer static"]]);
});

for (const [name, init] of [["GET", {}], ["POST", POST]] as const) {
  Deno.test(`a ${name} whose token the API refuses is sent once more with a new token`, async () => {
    await using world = await startWorld();
    const { gateway, sent, revoked } = world;
    await (await gateway.request(BATCHES, init)).body?.cancel();
    await gateway.finished();
    revoked.add("token-1");
    using _clock = advanced(11_000);
    const response = await gateway.request(BATCHES, init);
    assertEquals([response.status, await response.json()], [init.method ? 201 : 200, { id: "1" }]);
    assertEquals(sent, ["Bearer token-1", "Bearer token-1", "Bearer token-2"]);
    const { attempts } = await gateway.finished();
    assertEquals(attempts.map(({ status }) => status), [401, response.status]);
    const spans = gateway.spans.filter(({ name }) => name.endsWith("/batches")).slice(-3);
    const resends = spans.map(({ attributes }) => attributes["http.request.resend_count"]);
    assertEquals(resends, [undefined, 1, undefined]); // the third is the SERVER span
  });
}

Deno.test("fifty requests whose token the API refuses cause one fetch", async () => {
  await using world = await startWorld();
  const { endpoint, gateway, revoked } = world;
  await (await gateway.request(BATCHES)).body?.cancel();
  revoked.add("token-1");
  using _clock = advanced(11_000);
  const responses = await Promise.all(
    Array.from({ length: 50 }, () => gateway.request(BATCHES, POST)),
  );
  assertEquals(new Set(responses.map(({ status }) => status)), new Set([201]));
  for (const response of responses) await response.body?.cancel();
  assertEquals(endpoint.requests.length, 2);
});

Deno.test("while the token of a refused plan is renewed, another plan with the same access key is served", async () => {
  const renewal = Promise.withResolvers<TokenAnswer>();
  await using world = await startWorld({
    answer: (index) => index === 0 ? tokenAnswer("token-1") : renewal.promise,
    env: { SERVICE_PLANS: JSON.stringify({ "plan-1": KEYS, "plan-2": KEYS }) },
  });
  const { endpoint, gateway, revoked, sent } = world;
  const authorization = `Bearer ${await gateway.token({ servicePlans: ["plan-2"] })}`;
  const other = () => gateway.request("/xms/v1/plan-2/batches", { headers: { authorization } });
  await (await other()).body?.cancel();
  revoked.add(BATCHES);
  using _clock = advanced(11_000);
  const refused = [gateway.request(BATCHES, POST), gateway.request(BATCHES, POST)];
  while (endpoint.requests.length < 2) await delay(5);
  for (let n = 0; n < 3; n++) {
    const response = await other();
    assertEquals([response.status, await response.json()], [200, { id: "1" }]);
  }
  renewal.resolve(tokenAnswer("token-2"));
  for (const response of await Promise.all(refused)) {
    assertEquals([response.status, await codeOf(response)], [503, "upstream_credentials_rejected"]);
  }
  assertEquals(endpoint.requests.length, 2);
  assertEquals(sent.filter((token) => token === "Bearer token-2").length, 2);
});

Deno.test("an API that refuses every token causes one fetch in ten seconds, and 503", async () => {
  await using world = await startWorld();
  const { endpoint, gateway, revoked } = world;
  for (let n = 1; n < 100; n++) revoked.add(`token-${n}`);
  for (let n = 0; n < 20; n++) {
    const response = await gateway.request(BATCHES, POST);
    assertEquals([response.status, await codeOf(response)], [503, "upstream_credentials_rejected"]);
  }
  assertEquals(endpoint.requests.length, 1);
});

const json = (status: number, body: unknown, headers: Record<string, string> = {}) => () =>
  Response.json(body, { status, headers });

/** A request and the fetch that it waits for have the same deadline, so that either can end first. */
const WAITED = "token endpoint has not answered in time";

/** What a token endpoint can answer, the cause in the span, and who can resolve it. */
const FAILURES: readonly (readonly [
  name: string,
  answer: () => TokenAnswer,
  error: string,
  cause: string,
  fault: string,
])[] = [
  [
    "a wrong secret",
    json(401, { error: "invalid_client", error_description: SECRET }),
    "401",
    "token endpoint answered 401 (invalid_client)",
    "gateway",
  ],
  [
    "a wrong secret with a challenge",
    json(401, {}, { "www-authenticate": "Basic" }),
    "401",
    "token endpoint answered 401",
    "gateway",
  ],
  ["429", json(429, {}, { "retry-after": "60" }), "429", "token endpoint answered 429", "upstream"],
  ["503", json(503, {}), "503", "token endpoint answered 503", "upstream"],
  [
    "a redirect",
    () => new Response(null, { status: 302, headers: { location: "http://x.test/" } }),
    "302",
    "token endpoint answered 302",
    "gateway",
  ],
  ...[
    () => new Response("<html>"),
    json(200, {}),
    json(200, { access_token: 1, token_type: "bearer" }),
    json(200, { access_token: "a\nb", token_type: "bearer" }),
    json(200, { access_token: "x".repeat(9_000), token_type: "bearer" }),
    json(200, { access_token: "x", token_type: "bearer", junk: "x".repeat(70_000) }),
    () => new Response(null, { status: 204 }),
  ].map((answer, index) =>
    [
      `garbage ${index + 1}`,
      answer,
      index === 6 ? "204" : "malformed",
      index === 6
        ? "token endpoint answered 204"
        : "token endpoint answered without a usable token",
      index === 6 ? "gateway" : "upstream",
    ] as const
  ),
  ...["mac", "dpop", "N_A", "__proto__"].map((type) =>
    [
      `a token of type ${type}`,
      json(200, { access_token: "x", token_type: type }),
      "token_type",
      "token endpoint answered with a token that is no bearer token",
      "upstream",
    ] as const
  ),
  [
    "silence",
    () => undefined,
    "timeout",
    "token endpoint not reached: timeout",
    "upstream",
  ],
];

for (const [name, answer, error, cause, fault] of FAILURES) {
  Deno.test(`a token endpoint that answers ${name} is 503, nothing is sent, and it is not asked again at once`, async () => {
    const answers = async () => {
      await delay(50); // the first request waits for the fetch at the start
      return answer();
    };
    await using world = await startWorld({ answer: answers, env: { UPSTREAM_TIMEOUT_MS: "500" } });
    const { endpoint, gateway, sent } = world;
    const first = await gateway.request(BATCHES, POST);
    const again = await gateway.request(BATCHES, POST);
    for (const response of [first, again]) {
      assertEquals([response.status, response.headers.get("x-error-origin")], [503, "gateway"]);
      assert(Number(response.headers.get("retry-after")) >= 1);
      assertEquals(await codeOf(response), "upstream_credentials_unavailable");
    }
    assertEquals(sent, []);
    assertEquals(endpoint.requests.length, 1);
    const { failure, thrown } = await gateway.finished();
    assertEquals([failure?.fault, failure?.processed], [fault, "no"]);
    assert(thrown instanceof Error && thrown.cause instanceof Error);
    const messages = [cause, ...name === "silence" ? [WAITED] : []];
    assert(messages.includes(thrown.cause.message), thrown.cause.message);
    assertEquals(
      JSON.stringify(gateway.spans.map(({ attributes }) => attributes)).includes(SECRET),
      false,
    );
    const [span, ...others] = tokenSpans(gateway.spans);
    assertEquals([span?.attributes["error.type"], others.length], [error, 0]);
    assertEquals(span?.attributes["server.port"], Number(new URL(endpoint.url).port));
    const server = gateway.spans.find(({ kind }) => kind === SpanKind.SERVER);
    assertEquals(span?.parentSpanContext?.spanId, server?.spanContext().spanId);
  });
}

Deno.test("a token is renewed in the background before it expires, without a wait, a span or a second fetch", async () => {
  const renewal = Promise.withResolvers<TokenAnswer>();
  await using world = await startWorld({
    answer: (index) => index === 0 ? tokenAnswer("token-1", { expires_in: 105 }) : renewal.promise,
  });
  const { endpoint, gateway, sent } = world;
  await (await gateway.request(BATCHES)).body?.cancel();
  const waited = tokenSpans(gateway.spans).length;
  using _clock = advanced(85_000);
  for (let n = 0; n < 3; n++) await (await gateway.request(BATCHES)).body?.cancel();
  renewal.resolve(tokenAnswer("token-2"));
  while (sent.at(-1) !== "Bearer token-2") {
    await (await gateway.request(BATCHES)).body?.cancel();
  }
  assertEquals(sent.slice(0, 4), Array.from({ length: 4 }, () => "Bearer token-1"));
  assertEquals([endpoint.requests.length, tokenSpans(gateway.spans).length], [2, waited]);
});

Deno.test("a token is renewed at its time without a request, also when the first try fails", async () => {
  using _timers = shortTimers();
  await using world = await startWorld({
    answer: (index) =>
      index === 1 ? new Response(null, { status: 503 }) : tokenAnswer(`token-${index + 1}`),
  });
  const { endpoint, gateway, sent } = world;
  await (await gateway.request(BATCHES)).body?.cancel();
  while (endpoint.requests.length < 4) await delay(5); // so the third was answered
  await (await gateway.request(BATCHES)).body?.cancel();
  assertEquals([sent[0], sent[1] === "Bearer token-1"], ["Bearer token-1", false]);
  assertEquals(endpoint.requests.length <= 5, true);
});

for (const [status, tries] of [[503, 2], [401, 1]] as const) {
  Deno.test(`without a token, a first fetch that is answered ${status} is made ${tries} times without a request`, async () => {
    await using world = await startWorld({
      answer: (index) => index === 0 ? new Response(null, { status }) : tokenAnswer("token"),
    });
    const { endpoint, gateway } = world;
    await (await gateway.request(BATCHES)).body?.cancel();
    await delay(1_500); // longer than the first cooldown
    assertEquals(endpoint.requests.length, tries);
  });
}

Deno.test("while the token endpoint is down, a token is used until it expires", async () => {
  await using world = await startWorld({
    answer: (index) =>
      index === 0
        ? tokenAnswer("token-1", { expires_in: 105 })
        : new Response(null, { status: 503 }),
  });
  const { gateway } = world;
  await (await gateway.request(BATCHES)).body?.cancel();
  using _clock = advanced(95_000);
  for (let n = 0; n < 5; n++) {
    const response = await gateway.request(BATCHES, POST);
    assertEquals([response.status, await response.json()], [201, { id: "1" }]);
  }
  using _later = advanced(10_000);
  const response = await gateway.request(BATCHES, POST);
  assertEquals([response.status, await codeOf(response)], [
    503,
    "upstream_credentials_unavailable",
  ]);
  const ready = await (await fetch(`${gateway.url}/readyz`)).json();
  assertEquals(ready, { status: "degraded", reasons: ["upstream_credentials_unavailable"] });
});

Deno.test("a refused token that cannot be renewed is 503, and the request counts as not processed", async () => {
  await using world = await startWorld({
    answer: (index) => index === 0 ? tokenAnswer("token-1") : new Response(null, { status: 500 }),
  });
  const { gateway, revoked, sent } = world;
  await (await gateway.request(BATCHES)).body?.cancel();
  await gateway.finished();
  revoked.add("token-1");
  using _clock = advanced(11_000);
  const headers = { ...POST.headers, "idempotency-key": "key-1" };
  const response = await gateway.request(BATCHES, { ...POST, headers });
  assertEquals([response.status, await codeOf(response)], [
    503,
    "upstream_credentials_unavailable",
  ]);
  assertEquals((await gateway.finished()).attempts.map(({ status }) => status), [401]);
  revoked.clear();
  const repeated = await gateway.request(BATCHES, { ...POST, headers });
  assertEquals([repeated.status, await repeated.json()], [201, { id: "1" }]);
  assertEquals(sent.length, 3);
});

Deno.test("requests beyond a tenth of MAX_IN_FLIGHT do not wait for a token", async () => {
  const answer = Promise.withResolvers<TokenAnswer>();
  await using world = await startWorld({
    answer: () => answer.promise,
    env: { MAX_IN_FLIGHT: "50" },
  });
  const { gateway } = world;
  const responses = Array.from({ length: 8 }, () => gateway.request(BATCHES, POST));
  const refused = await Promise.any(responses);
  assertEquals([refused.status, await codeOf(refused)], [503, "upstream_credentials_unavailable"]);
  await delay(50);
  answer.resolve(tokenAnswer("token-1"));
  const answered = await Promise.all(responses);
  const statuses = answered.map(({ status }) => status).sort();
  for (const { body } of answered) if (!body?.locked) await body?.cancel();
  assertEquals(statuses, [201, 201, 201, 201, 201, 503, 503, 503]);
});

Deno.test("a caller that leaves does not end the fetch of a token that others wait for", async () => {
  const answer = Promise.withResolvers<TokenAnswer>();
  await using world = await startWorld({ answer: () => answer.promise });
  const { gateway } = world;
  const leaving = new AbortController();
  const left = gateway.request(BATCHES, { signal: leaving.signal }).catch(() => "left");
  const stays = gateway.request(BATCHES);
  while (gateway.received.length < 2) await delay(5);
  leaving.abort();
  assertEquals(await left, "left");
  assertEquals((await gateway.finished()).status, 499);
  answer.resolve(tokenAnswer("token-1"));
  const response = await stays;
  assertEquals([response.status, await response.json()], [200, { id: "1" }]);
});

Deno.test("a fetched token and the key secret are cut out of what the API answers", async () => {
  const token = `eyJ${"0123456789abcdefghij".repeat(60)}`;
  await using world = await startWorld({
    answer: () => tokenAnswer(token),
    quote: (authorization) => `${authorization} ${SECRET} ${btoa(authorization)} end`,
  });
  const response = await world.gateway.request(`${BATCHES}?client_reference=quote`);
  const { text } = await response.json();
  assertEquals(response.status, 403);
  for (const secret of [token.slice(100, 140), SECRET, btoa(token).slice(100, 140)]) {
    assertEquals(text.includes(secret), false, text);
  }
  assert(text.endsWith("end"), text);
});
