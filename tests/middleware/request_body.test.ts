import { assertEquals, assertStringIncludes } from "@std/assert";
import { testGateway } from "../support/gateway.ts";

const BATCHES = "/xms/v1/plan-1/batches";
const JSON_TYPE = { "content-type": "application/json" };
const LIMIT = 64;

const jsonOf = (bytes: number) => JSON.stringify("x".repeat(bytes - 2));

/** A body without Content-Length. */
function chunked(text: string, chunkSize = 10): RequestInit {
  const chunks = text.match(new RegExp(`.{1,${chunkSize}}`, "gs")) ?? [];
  const body = ReadableStream.from(chunks.map((chunk) => new TextEncoder().encode(chunk)));
  return { method: "POST", headers: { ...JSON_TYPE, "transfer-encoding": "chunked" }, body };
}

const limited = () => testGateway({ env: { MAX_BODY_BYTES: `${LIMIT}` } });

Deno.test("a body of exactly the limit is forwarded, with Content-Length or chunked", async () => {
  const { request, sent } = await limited();
  const body = jsonOf(LIMIT);
  await request(BATCHES, { method: "POST", headers: JSON_TYPE, body });
  await request(BATCHES, chunked(body));
  for (const up of sent) assertEquals(new TextDecoder().decode(up.body ?? undefined), body);
  assertEquals(sent.length, 2);
});

for (
  const [name, init] of [
    ["with Content-Length", { method: "POST", headers: JSON_TYPE, body: jsonOf(LIMIT + 1) }],
    ["chunked", chunked(jsonOf(LIMIT + 1))],
    [
      "longer than its Content-Length",
      { method: "POST", headers: { ...JSON_TYPE, "content-length": "3" }, body: jsonOf(LIMIT + 1) },
    ],
  ] as const
) {
  Deno.test(`a body over the limit, ${name}, is 400 syntax_constraint_violation and not forwarded`, async () => {
    const { request, sent } = await limited();
    const response = await request(BATCHES, init);
    const { code, text } = await response.json();
    assertEquals([response.status, code], [400, "syntax_constraint_violation"]);
    assertStringIncludes(text, `${LIMIT} bytes`);
    assertEquals(sent, []);
  });
}

Deno.test("an endless body is not read past the limit", async () => {
  const { request } = await limited();
  let pulled = 0;
  let cancelled = false;
  const body = new ReadableStream({
    pull(controller) {
      pulled += 10;
      controller.enqueue(new Uint8Array(10));
    },
    cancel: () => void (cancelled = true),
  });
  const headers = { ...JSON_TYPE, "transfer-encoding": "chunked" };
  const response = await request(BATCHES, { method: "POST", headers, body });
  assertEquals([response.status, cancelled], [400, true]);
  assertEquals(pulled < LIMIT + 50, true);
});

Deno.test("a body that breaks off is 400 and not forwarded", async () => {
  const { request, sent } = await testGateway();
  const body = new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode('{"to":["46701'));
      controller.error(new Error("connection reset"));
    },
  });
  const headers = { ...JSON_TYPE, "transfer-encoding": "chunked" };
  const response = await request(BATCHES, { method: "POST", headers, body });
  assertEquals([response.status, (await response.json()).code], [
    400,
    "syntax_constraint_violation",
  ]);
  assertEquals(sent, []);
});

for (
  const [name, announced] of [
    ["chunked", { "transfer-encoding": "chunked" }],
    ["with Content-Length", { "content-length": "200000" }],
    ["shorter than its Content-Length", { "content-length": "70000" }],
  ] as const
) {
  Deno.test(`a body that does not arrive in time, ${name}, is 400, cancelled and not forwarded`, async () => {
    const { request, sent } = await testGateway({ env: { REQUEST_BODY_TIMEOUT_MS: "20" } });
    let cancelled = false;
    const body = new ReadableStream({
      start: (controller) => controller.enqueue(new Uint8Array(50_000)),
      cancel: () => void (cancelled = true),
    });
    const headers = { host: "gateway.test", ...JSON_TYPE, ...announced };
    const response = await request(BATCHES, { method: "POST", headers, body });
    assertEquals([response.status, cancelled], [400, true]);
    assertStringIncludes((await response.json()).text, "20 ms");
    assertEquals(sent, []);
  });
}

Deno.test("an empty chunked body is forwarded as no body", async () => {
  const { request, sent } = await testGateway();
  await request(`${BATCHES}/b/delivery_feedback`, chunked(""));
  assertEquals(sent[0]?.body, null);
});

/** Number of chunks, their length → the status. */
const PIECES: readonly [count: number, bytes: number, status: number][] = [
  [2_048, 1, 201],
  [2_049, 1, 400],
  [2_049, 63, 400],
  [2_049, 64, 201],
  [1_900, 536, 201],
];

for (const [count, bytes, status] of PIECES) {
  Deno.test(`a body of ${count} chunks of ${bytes} bytes is ${status}`, async () => {
    const { request, sent } = await testGateway();
    const body = ReadableStream.from(function* () {
      for (let i = 0; i < count; i++) yield new Uint8Array(bytes).fill(0x20);
    }());
    const headers = { ...JSON_TYPE, "transfer-encoding": "chunked" };
    const response = await request(BATCHES, { method: "POST", headers, body });
    const text = await response.text();
    assertEquals(response.status < 300 ? 201 : response.status, status, text);
    assertEquals(sent.map((up) => up.body?.byteLength), status === 201 ? [count * bytes] : []);
    if (status === 400) assertStringIncludes(text, "larger chunks");
  });
}

Deno.test("where the bodies of all requests take too much memory, 503 overloaded, until one is answered", async () => {
  const env = { MAX_BODY_BYTES: "50000", MAX_HELD_BODY_BYTES: "70000" };
  const { request, sent } = await testGateway({ env });
  const waiting = new TransformStream<Uint8Array, Uint8Array>();
  const writer = waiting.writable.getWriter();
  const headers = { ...JSON_TYPE, "transfer-encoding": "chunked" };
  const first = request(BATCHES, { method: "POST", headers, body: waiting.readable });
  await writer.write(new TextEncoder().encode(`"${"x".repeat(45_000)}`));
  const second = await request(BATCHES, {
    method: "POST",
    headers: JSON_TYPE,
    body: jsonOf(40_000),
  });
  assertEquals([second.status, (await second.json()).code], [503, "overloaded"]);
  assertEquals(second.headers.get("retry-after") !== null, true);
  assertEquals(sent, []);
  await writer.write(new TextEncoder().encode('"'));
  await writer.close();
  assertEquals((await first).status, 200);
  const third = await request(BATCHES, {
    method: "POST",
    headers: JSON_TYPE,
    body: jsonOf(40_000),
  });
  assertEquals(third.status, 200);
});

Deno.test("an HTTP/1.1 body that has not arrived is told to whoever closes connections", async () => {
  let told = 0;
  const env = { REQUEST_BODY_TIMEOUT_MS: "30" };
  const { request } = await testGateway({ env, deps: { onUnreadBody: () => void told++ } });
  const host = "gateway.test";
  for (const length of [70_000, 100]) {
    const body = new ReadableStream({ start: (c) => c.enqueue(new Uint8Array(10)) });
    const headers = { ...JSON_TYPE, host, "content-length": String(length) };
    assertEquals((await request(BATCHES, { method: "POST", headers, body })).status, 400);
  }
  assertEquals(told, 2);
  await request(BATCHES, { method: "POST", headers: { ...JSON_TYPE, host }, body: jsonOf(70_000) });
  assertEquals(told, 2);
});
