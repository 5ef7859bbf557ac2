import { assert, assertEquals, assertMatch } from "@std/assert";
import { GatewayError } from "../../errors/gateway_error.ts";
import { TransportError } from "../../errors/transport_error.ts";
import { MemoryStore } from "../../state/memory.ts";
import { StateError, type StateStore } from "../../state/store.ts";
import type { UpstreamReply, UpstreamRequest } from "../../upstream/transport.ts";
import { jsonReply, type TestGateway, testGateway } from "../support/gateway.ts";

const BATCHES = "/xms/v1/plan-1/batches";
const MESSAGE = {
  from: "12025550199",
  to: ["+12025550123"],
  body: "Hi",
  client_reference: "order-1",
};

type SendOptions = { key?: string | null; body?: unknown; path?: string; subject?: string };

/** Sends a POST with the key `key-1`. */
function send(
  { request }: TestGateway,
  { key = "key-1", body = MESSAGE, path = BATCHES, subject }: SendOptions = {},
): Promise<Response> {
  return request(path, {
    method: "POST",
    body: JSON.stringify(body),
    headers: { "content-type": "application/json", ...key !== null && { "idempotency-key": key } },
    ...subject && { token: { subject } },
  });
}

const posts = ({ sent }: TestGateway) => sent.filter(({ method }) => method === "POST").length;

async function answer(response: Response): Promise<[status: number, code: string]> {
  return [response.status, (await response.json()).code];
}

function created(request: UpstreamRequest): UpstreamReply {
  return {
    status: 201,
    headers: [["content-type", "application/json; charset=utf-8"], ["etag", '"1"']],
    body: new TextEncoder().encode(`{ "id":"01ABC", "echo":${request.body?.byteLength} }\n`),
  };
}

const fails = (sent: boolean, reason: "timeout" | "network") => () =>
  Promise.reject(new TransportError(sent, reason, { cause: new Error("test") }));

Deno.test("a repeat gets status, content type and bytes of the first, and nothing is sent", async () => {
  const gateway = await testGateway({ upstream: created });
  const first = await send(gateway);
  const repeat = await send(gateway);
  assertEquals(first.headers.get("idempotent-replayed"), null);
  assertEquals(repeat.headers.get("idempotent-replayed"), "true");
  assertEquals([repeat.status, await repeat.text()], [201, await first.text()]);
  assertEquals(repeat.headers.get("content-type"), "application/json; charset=utf-8");
  assertEquals(
    repeat.headers.get("content-length"),
    String((await (await send(gateway)).bytes()).length),
  );
  assertEquals(posts(gateway), 1);
  assertEquals(gateway.exchanges.map(({ idempotency }) => idempotency), [
    "first",
    "replayed",
    "replayed",
  ]);
});

Deno.test("a success without a body is replayed without one", async () => {
  const gateway = await testGateway({
    upstream: () => ({ status: 202, headers: [], body: new Uint8Array() }),
  });
  const path = `${BATCHES}/01ABC/delivery_feedback`;
  await send(gateway, { path });
  const repeat = await send(gateway, { path });
  assertEquals([repeat.status, await repeat.text(), repeat.headers.get("content-type")], [
    202,
    "",
    null,
  ]);
  assertEquals(posts(gateway), 1);
});

Deno.test("the span of a replay links to that of the first", async () => {
  const gateway = await testGateway({ upstream: created });
  await send(gateway);
  await send(gateway);
  const servers = gateway.spans.filter(({ kind }) => kind === 1);
  const [first, repeat] = servers;
  assertEquals(repeat?.links.map(({ context }) => [context.traceId, context.spanId]), [
    [first?.spanContext().traceId, first?.spanContext().spanId],
  ]);
  assertEquals(servers.map(({ attributes }) => attributes["sms_gateway.idempotency"]), [
    "first",
    "replayed",
  ]);
});

const DIFFERENT: Readonly<Record<string, SendOptions>> = {
  "another body": { body: { ...MESSAGE, body: "Ho" } },
  "another query": { path: `${BATCHES}?a=1` },
};

for (const [name, options] of Object.entries(DIFFERENT)) {
  Deno.test(`the key with ${name} is 422 and not sent`, async () => {
    const gateway = await testGateway({ upstream: created });
    await send(gateway);
    assertEquals(await answer(await send(gateway, options)), [422, "idempotency_key_reused"]);
    assertEquals(posts(gateway), 1);
    assertEquals(gateway.exchanges.at(-1)?.idempotency, "reused");
  });
}

Deno.test("bytes that mean the same are another request", async () => {
  const gateway = await testGateway({ upstream: created });
  const headers = { "content-type": "application/json", "idempotency-key": "k" };
  await gateway.request(BATCHES, { method: "POST", body: '{"a":1}', headers });
  const other = await gateway.request(BATCHES, { method: "POST", body: '{"a": 1}', headers });
  assertEquals(other.status, 422);
});

const APART: Readonly<Record<string, SendOptions>> = {
  "another caller": { subject: "other" },
  "another operation": { path: `${BATCHES}/dry_run` },
  "another key": { key: "key-2" },
  "no key": { key: null },
};

for (const [name, options] of Object.entries(APART)) {
  Deno.test(`the same request with ${name} is sent`, async () => {
    const gateway = await testGateway({ upstream: created });
    await send(gateway);
    assertEquals((await send(gateway, options)).status, 201);
    assertEquals(posts(gateway), 2);
  });
}

Deno.test("the same key on another service plan is sent", async () => {
  const gateway = await testGateway({ upstream: created });
  for (const plan of ["plan-1", "plan-2"]) {
    const response = await gateway.request(`/xms/v1/${plan}/batches`, {
      method: "POST",
      body: "{}",
      headers: { "content-type": "application/json", "idempotency-key": "k" },
      token: { servicePlans: ["plan-1", "plan-2"] },
    });
    assertEquals(response.status, 201);
  }
  assertEquals(posts(gateway), 2);
});

Deno.test("while the first is under way a repeat is 409 with Retry-After", async () => {
  const { promise, resolve } = Promise.withResolvers<UpstreamReply>();
  const gateway = await testGateway({ upstream: () => promise });
  const first = send(gateway);
  while (posts(gateway) === 0) await new Promise((next) => setTimeout(next, 1));
  const repeat = await send(gateway);
  assertEquals(repeat.headers.get("retry-after"), "1");
  assertEquals(await answer(repeat), [409, "idempotency_key_in_use"]);
  resolve(jsonReply(201, { id: "01ABC" }));
  assertEquals((await first).status, 201);
  assertEquals((await send(gateway)).status, 201);
  assertEquals(posts(gateway), 1);
});

/** What the API may do with the first request that is then not processed. */
const NOT_PROCESSED: Readonly<Record<string, () => UpstreamReply | Promise<UpstreamReply>>> = {
  ...Object.fromEntries([400, 401, 403, 404, 405, 408, 415, 425, 429, 500, 503].map((status) => [
    `a ${status} of the API`,
    () => jsonReply(status, { code: "x", text: "y" }),
  ])),
  "no connection": fails(false, "network"),
  "no connection in time": fails(false, "timeout"),
};

for (const [name, upstream] of Object.entries(NOT_PROCESSED)) {
  Deno.test(`after ${name} a repeat is sent`, async () => {
    let isFirst = true;
    const gateway = await testGateway({
      env: { RETRY_ATTEMPTS: "0" },
      upstream: (request) => isFirst ? upstream() : created(request),
    });
    const first = await send(gateway);
    assert(first.status >= 400);
    isFirst = false;
    const repeat = await send(gateway);
    assertEquals([repeat.status, repeat.headers.get("idempotent-replayed")], [201, null]);
    assertEquals(gateway.exchanges.at(-1)?.idempotency, "first");
  });
}

Deno.test("a repeat of what the gateway itself refused is sent", async () => {
  const { promise, resolve } = Promise.withResolvers<UpstreamReply>();
  let calls = 0;
  const gateway = await testGateway({
    env: { MAX_OUTSTANDING_PER_ROUTE: "1" },
    upstream: (request) => calls++ === 0 ? promise : created(request),
  });
  const occupying = send(gateway, { key: null });
  while (calls === 0) await new Promise((next) => setTimeout(next, 1));
  assertEquals((await send(gateway)).status, 429);
  resolve(jsonReply(201, {}));
  await occupying;
  assertEquals((await send(gateway)).status, 201);
});

/** What leaves the outcome unknown: how the first is answered, and each repeat. */
const UNKNOWN: Readonly<
  Record<string, [() => UpstreamReply | Promise<UpstreamReply>, status: number, code: string]>
> = {
  "a timeout": [fails(true, "timeout"), 504, "upstream_timeout"],
  "a broken connection": [fails(true, "network"), 502, "upstream_connection_lost"],
  "an undocumented 5xx": [() => jsonReply(507, {}), 502, "upstream_failed"],
  "a redirect": [() => jsonReply(302, {}), 502, "upstream_failed"],
};

for (const [name, [upstream, status, code]] of Object.entries(UNKNOWN)) {
  Deno.test(`after ${name} a repeat is never sent, and says that the outcome is unknown`, async () => {
    const body = { ...MESSAGE, client_reference: undefined };
    const gateway = await testGateway({ upstream });
    const first = await send(gateway, { body });
    assertMatch((await first.json()).text, /Repeat it with the same Idempotency-Key/);
    assertEquals(first.status, status);
    for (let repeats = 0; repeats < 3; repeats++) {
      const repeat = await send(gateway, { body });
      assertEquals(repeat.headers.get("retry-after"), null);
      assertEquals(await answer(repeat), [status, code]);
    }
    assertEquals(posts(gateway), 1);
    assertEquals(gateway.exchanges.at(-1)?.idempotency, "unknown");
  });
}

Deno.test("a 4xx that the API does not document proves nothing: a repeat is not sent", async () => {
  const gateway = await testGateway({
    upstream: () => jsonReply(418, { code: "teapot", text: "x" }),
  });
  assertEquals(await answer(await send(gateway)), [418, "teapot"]);
  assertEquals(await answer(await send(gateway)), [502, "upstream_failed"]);
  assertEquals(posts(gateway), 1);
  for (const code of ["__proto__", "too_many_requests", "blocked:46701234567", "constructor"]) {
    const other = await testGateway({ upstream: () => jsonReply(418, { code, text: "x" }) });
    await send(other);
    assertEquals(await answer(await send(other)), [502, "upstream_failed"], code);
    assertEquals(other.exchanges.at(-1)?.failure?.fault, "upstream");
  }
});

Deno.test("after an error of our own a repeat is not told that nothing was processed", async () => {
  const gateway = await testGateway({ upstream: () => Promise.reject(new TypeError("a bug")) });
  await send(gateway);
  const repeat = await send(gateway, {});
  const { code, text } = await repeat.json();
  assertEquals([repeat.status, code], [502, "internal_error"]);
  assertMatch(text, /^This repeat was not sent/);
  assertEquals(posts(gateway), 1);
});

Deno.test("a key is never free while its request is under way, whatever IDEMPOTENCY_TTL_S says", async () => {
  let nowMs = 0;
  const store = new MemoryStore({ now: () => nowMs });
  const env = { IDEMPOTENCY_TTL_S: "60", UPSTREAM_TIMEOUT_MS: "300000" };
  const gateway = await testGateway({
    env,
    deps: { store },
    upstream: () => new Promise(() => {}),
  });
  void send(gateway);
  while (posts(gateway) === 0) await new Promise((next) => setTimeout(next, 1));
  nowMs += 200_000;
  assertEquals(await answer(await send(gateway)), [409, "idempotency_key_in_use"]);
});

Deno.test("a gateway that died with the first leaves the outcome unknown", async () => {
  let nowMs = 0;
  const store = new MemoryStore({ now: () => nowMs });
  const never = await testGateway({ deps: { store }, upstream: () => new Promise(() => {}) });
  void send(never);
  while (posts(never) === 0) await new Promise((next) => setTimeout(next, 1));
  const other = await testGateway({ deps: { store }, upstream: () => jsonReply(404, {}) });
  assertEquals(await answer(await send(other)), [409, "idempotency_key_in_use"]);
  nowMs += 60_000;
  assertEquals(await answer(await send(other)), [502, "upstream_connection_lost"]);
  assertEquals(posts(other), 0);
});

for (const key of ['""', '"', '"a";b', "k\u00e4y", "a".repeat(256)]) {
  Deno.test(`the malformed key ${key.slice(0, 10)} is 400 and not sent`, async () => {
    const gateway = await testGateway();
    assertEquals(await answer(await send(gateway, { key })), [400, "idempotency_key_invalid"]);
    assertEquals(gateway.sent.length, 0);
  });
}

Deno.test("with IDEMPOTENCY=required a POST needs a key, other methods do not", async () => {
  const gateway = await testGateway({ env: { IDEMPOTENCY: "required" } });
  assertEquals(await answer(await send(gateway, { key: null })), [400, "idempotency_key_missing"]);
  assertEquals((await gateway.request(BATCHES)).status, 200);
  assertEquals((await send(gateway)).status, 200);
});

Deno.test("with IDEMPOTENCY=off and on other methods a key is ignored", async () => {
  const off = await testGateway({ env: { IDEMPOTENCY: "off" }, upstream: created });
  await send(off);
  await send(off);
  assertEquals(posts(off), 2);
  const gateway = await testGateway({ upstream: created });
  for (const method of ["PUT", "DELETE"]) {
    for (let times = 0; times < 2; times++) {
      await gateway.request(`${BATCHES}/01ABC`, {
        method,
        headers: { "content-type": "application/json", "idempotency-key": "" },
        ...method === "PUT" && { body: "{}" },
      });
    }
  }
  assertEquals(gateway.sent.length, 4);
});

Deno.test("with IDEMPOTENCY_FROM_CLIENT_REFERENCE a send is keyed by its reference", async () => {
  const env = { IDEMPOTENCY_FROM_CLIENT_REFERENCE: "on", IDEMPOTENCY: "required" };
  const gateway = await testGateway({ env, upstream: created });
  assertEquals((await send(gateway, { key: null })).status, 201);
  assertEquals((await send(gateway, { key: null })).headers.get("idempotent-replayed"), "true");
  const other = { ...MESSAGE, body: "Ho" };
  assertEquals((await send(gateway, { key: null, body: other })).status, 422);
  assertEquals((await send(gateway, { key: "order-1", body: other })).status, 201); // another source
  assertEquals((await send(gateway, { key: null, body: {} })).status, 400);
  assertEquals(posts(gateway), 2);
});

function brokenStore(error: StateError): StateStore {
  const store = new MemoryStore();
  store.claim = () => Promise.reject(error);
  return store;
}

for (const reason of ["timeout", "unreachable", "full", "not_replicated", "failed"] as const) {
  Deno.test(`a store that fails with ${reason} stops requests with a key only`, async () => {
    const gateway = await testGateway({ deps: { store: brokenStore(new StateError(reason)) } });
    const refused = await send(gateway);
    assertEquals(refused.headers.get("retry-after"), "1");
    assertEquals(await answer(refused), [503, "idempotency_unavailable"]);
    assertEquals(gateway.sent.length, 0);
    assertEquals((await send(gateway, { key: null })).status, 200);
    assertEquals(gateway.exchanges[0]?.idempotency, "unavailable");
  });
}

Deno.test("an error of our own before sending frees the key; after it does not", async () => {
  for (const sent of [false, true]) {
    const gateway = await testGateway({
      upstream: () => Promise.reject(new GatewayError(sent ? "upstream_timeout" : "overloaded")),
    });
    const first = await send(gateway);
    await send(gateway);
    assertEquals(first.status, sent ? 504 : 503);
    assertEquals(posts(gateway), sent ? 1 : 2);
  }
});
