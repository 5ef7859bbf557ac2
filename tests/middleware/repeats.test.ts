import { assert, assertEquals, assertMatch } from "@std/assert";
import { TransportError } from "../../errors/transport_error.ts";
import { MAX_LOOKUPS } from "../../middleware/repeats.ts";
import type { UpstreamReply, UpstreamRequest } from "../../upstream/transport.ts";
import { jsonReply, type TestGateway, testGateway } from "../support/gateway.ts";

const BATCHES = "/xms/v1/plan-1/batches";
const MESSAGE = { to: ["+12025550123"], body: "Hi", client_reference: "order 1/+46701234567" };

function send({ request }: TestGateway, path = BATCHES): Promise<Response> {
  return request(path, {
    method: "POST",
    body: JSON.stringify(MESSAGE),
    headers: { "content-type": "application/json", "idempotency-key": "key-1" },
  });
}

const posts = ({ sent }: TestGateway) => sent.filter(({ method }) => method === "POST").length;

/** The batch of `MESSAGE` as the API lists it. */
const batch = () => ({
  ...MESSAGE,
  id: "01ABC",
  to: ["12025550123"],
  type: "mt_text",
  created_at: new Date().toISOString(),
});

/** An upstream where every POST times out, and GET is answered by `list`. */
function timingOut(list: (request: UpstreamRequest) => UpstreamReply) {
  return (request: UpstreamRequest) =>
    request.method === "GET"
      ? list(request)
      : Promise.reject(new TransportError(true, "timeout", { cause: new Error("test") }));
}

const listing = (batches: unknown[]) =>
  jsonReply(200, { count: batches.length, page: 0, page_size: 30, batches }, {
    date: new Date().toUTCString(),
  });

Deno.test("a repeat after a timeout gets the batch that the API has, which is remembered", async () => {
  let lists = 0;
  const gateway = await testGateway({
    upstream: timingOut(() => listing(lists++ === 0 ? [batch()] : [])),
  });
  assertEquals((await send(gateway)).status, 504);
  const bodies: string[] = [];
  for (let repeats = 0; repeats < 2; repeats++) {
    const repeat = await send(gateway);
    assertEquals([repeat.status, repeat.headers.get("idempotent-replayed")], [201, "true"]);
    assertEquals(repeat.headers.get("content-type"), "application/json");
    bodies.push(await repeat.text());
  }
  assertEquals(JSON.parse(bodies[0] ?? "").id, "01ABC");
  assertEquals(bodies[0], bodies[1]);
  assertEquals([posts(gateway), lists], [1, 1]);
  assertEquals(gateway.exchanges.map(({ idempotency }) => idempotency), [
    "first",
    "found_out",
    "replayed",
  ]);
});

Deno.test("a large batch that was found out is remembered by its id", async () => {
  const large = {
    ...batch(),
    created_at: "2100-01-01T00:00:00Z", // after the first attempt, however soon that one is made
    callback_url: `https://example.com/${"x".repeat(70_000)}`,
  };
  const gateway = await testGateway({
    upstream: timingOut(({ path }) =>
      path.endsWith("/01ABC") ? jsonReply(200, large) : listing([large])
    ),
  });
  await send(gateway);
  for (let repeats = 0; repeats < 2; repeats++) {
    assertEquals(await (await send(gateway)).json(), large);
  }
  assertEquals(gateway.sent.map(({ path }) => path.replace(/\?.*/, "")), [
    BATCHES,
    BATCHES,
    `${BATCHES}/01ABC`,
  ]);
});

Deno.test("finding out is a CLIENT span of the repeat, without the reference and with our credential", async () => {
  const gateway = await testGateway({ upstream: timingOut(() => listing([batch()])) });
  await send(gateway);
  await send(gateway);
  const { method, path = "", headers } = gateway.sent.at(-1) ?? {};
  assertEquals(method, "GET");
  assertEquals(
    new URL(path, "http://a").searchParams.get("client_reference"),
    MESSAGE.client_reference,
  );
  assertEquals(headers?.authorization, "Bearer credential-of-plan-1");
  const client = gateway.spans.findLast(({ kind }) => kind === 2);
  const server = gateway.spans.findLast(({ kind }) => kind === 1);
  assertEquals(client?.parentSpanContext?.spanId, server?.spanContext().spanId);
  assertEquals(client?.attributes["url.template"], "/xms/v1/{service_plan_id}/batches");
  assert(
    !JSON.stringify(gateway.spans.map(({ attributes }) => attributes)).includes("46701234567"),
  );
});

Deno.test("what the API does not have stays unknown, and is asked for again", async () => {
  let lists = 0;
  const gateway = await testGateway({
    upstream: timingOut(() => listing(lists++ < 2 ? [] : [batch()])),
  });
  const statuses = [];
  for (let times = 0; times < 4; times++) statuses.push((await send(gateway)).status);
  assertEquals(statuses, [504, 504, 504, 201]);
  assertEquals(posts(gateway), 1);
});

Deno.test("a listing that fails or never comes leaves the outcome unknown", async () => {
  for (const list of [() => jsonReply(500, {}), () => jsonReply(401, {}), () => listing([{}])]) {
    const gateway = await testGateway({ env: { RETRY_ATTEMPTS: "0" }, upstream: timingOut(list) });
    await send(gateway);
    const repeat = await send(gateway);
    assertEquals(repeat.status, 504);
    assertMatch((await repeat.json()).text, /was not sent/);
    assertEquals(posts(gateway), 1);
  }
});

Deno.test("only so many repeats ask the API at once; the others stay unknown and are not kept waiting", async () => {
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  let asking = 0;
  const gateway = await testGateway({
    upstream: async (request) => {
      if (request.method !== "GET") return await timingOut(() => listing([]))(request);
      asking++;
      await released;
      return listing([batch()]);
    },
  });
  await send(gateway);
  let unknown = 0;
  const repeats = Array.from({ length: 30 }, async () => {
    const { status } = await send(gateway);
    if (status === 504 && ++unknown === 30 - MAX_LOOKUPS) release();
    return status;
  });
  const statuses = await Promise.all(repeats);
  assertEquals([asking, unknown], [MAX_LOOKUPS, 30 - MAX_LOOKUPS]);
  assertEquals(statuses.filter((status) => status === 201).length, MAX_LOOKUPS);
  assertEquals((await send(gateway)).status, 201);
});

const LARGE = JSON.stringify({ to: Array(9_000).fill("12025550123"), id: "01ABC" });

/** A body longer than what is buffered, as transports give it. */
function streamed(text = LARGE, breaksAt = Infinity): ReadableStream<Uint8Array<ArrayBuffer>> {
  const bytes = new TextEncoder().encode(text);
  let at = 0;
  return new ReadableStream({
    pull(stream) {
      if (at >= breaksAt) return stream.error(new TransportError(true, "network", { cause: "x" }));
      if (at >= bytes.length) return stream.close();
      stream.enqueue(bytes.slice(at, at += 16_384));
    },
  });
}

Deno.test("an answer over 64 KiB is replayed by its id, with the status of the first", async () => {
  const gateway = await testGateway({
    upstream: ({ method }) => ({
      status: method === "GET" ? 200 : 201,
      headers: [["content-type", "application/json"]],
      body: streamed(),
    }),
  });
  assertEquals(await (await send(gateway)).text(), LARGE);
  const repeat = await send(gateway);
  assertEquals([repeat.status, repeat.headers.get("idempotent-replayed")], [201, "true"]);
  assertEquals(await repeat.text(), LARGE);
  assertEquals(gateway.sent.map(({ method, path }) => `${method} ${path}`), [
    `POST ${BATCHES}`,
    `GET ${BATCHES}/01ABC`,
  ]);
});

Deno.test("a large answer whose resource cannot be fetched is 502 and says that it was processed", async () => {
  let status = 404;
  const gateway = await testGateway({
    env: { RETRY_ATTEMPTS: "0" },
    upstream: ({ method }) =>
      method === "GET" && status !== 200
        ? jsonReply(status, {})
        : { status: method === "GET" ? 200 : 201, headers: [], body: streamed() },
  });
  await (await send(gateway)).text();
  for (status of [404, 503]) {
    const repeat = await send(gateway);
    assertEquals([repeat.status, repeat.headers.get("retry-after")], [502, null]);
    assertMatch((await repeat.json()).text, /was processed.*01ABC.*not sent/);
  }
  status = 200;
  assertEquals((await send(gateway)).status, 201);
  assertEquals(posts(gateway), 1);
});

Deno.test("a large answer that breaks before its id leaves the outcome unknown", async () => {
  const gateway = await testGateway({
    upstream: ({ method }) =>
      method === "GET" ? listing([]) : { status: 201, headers: [], body: streamed(LARGE, 32_768) },
  });
  await (await send(gateway)).text().catch(() => {});
  const repeat = await send(gateway);
  assertEquals([repeat.status, (await repeat.json()).code], [502, "upstream_connection_lost"]);
  assertEquals(posts(gateway), 1);
});

Deno.test("a large answer without an id, which the API does not document, is not asked for again", async () => {
  const gateway = await testGateway({
    upstream: () => ({ status: 202, headers: [], body: streamed() }),
  });
  const path = `${BATCHES}/01ABC/delivery_feedback`;
  assertEquals(await (await send(gateway, path)).text(), LARGE);
  assertEquals((await send(gateway, path)).status, 502);
  assertEquals(posts(gateway), 1);
});

Deno.test("a large answer of a dry run, which has no effect, is asked for again", async () => {
  const gateway = await testGateway({
    upstream: () => ({ status: 200, headers: [], body: streamed() }),
  });
  for (let times = 0; times < 2; times++) {
    assertEquals(await (await send(gateway, `${BATCHES}/dry_run`)).text(), LARGE);
  }
  assertEquals(posts(gateway), 2);
});
