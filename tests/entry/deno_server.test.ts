import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { delay } from "@std/async/delay";
import { call } from "../drills/kit/client.ts";
import { startCollector } from "../drills/kit/collector.ts";
import { startGateway } from "../drills/kit/gateway_process.ts";
import { answerWell, rawUpstream } from "../drills/kit/raw_upstream.ts";
import { until } from "../drills/kit/until.ts";

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  Deno.test(`after ${signal} /readyz is 503 before the socket closes, and requests in flight are answered`, async () => {
    await using upstream = await rawUpstream({
      onRequest: (request, wire) => void setTimeout(() => answerWell(request, wire), 700),
    });
    await using gateway = await startGateway({
      upstream: upstream.url,
      env: { SHUTDOWN_GRACE_MS: "1800" },
    });
    const inFlight = gateway.post("on its way");
    while (upstream.seen.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    gateway.abandon();
    gateway.signal(signal);
    const exited = gateway.exited();
    while ((await gateway.unreadiness()).length === 0);
    assertEquals(await gateway.unreadiness(), ["stopping"]);
    const kept = await call(gateway.port, "/livez", { headers: { connection: "keep-alive" } });
    assertEquals([kept.status, kept.headers.connection, kept.closed], [200, "close", true]);
    assertEquals((await inFlight).status, 201);
    const { code, ms } = await exited;
    assertEquals([code, gateway.stderr()], [0, ""]);
    assert(ms < 1800, `ended after ${ms} ms`);
    await assertRejects(() => Deno.connect({ port: gateway.port, hostname: "127.0.0.1" }));
  });
}

Deno.test("a request whose body is incomplete at the shutdown is 503, not 400", async () => {
  await using upstream = await rawUpstream({ onRequest: answerWell });
  await using gateway = await startGateway({
    upstream: upstream.url,
    env: { SHUTDOWN_GRACE_MS: "1200" },
  });
  const caller = await Deno.connect({ port: gateway.port, hostname: "127.0.0.1" });
  const head = [
    "POST /xms/v1/plan-1/batches HTTP/1.1",
    "Host: gateway.test",
    `Authorization: Bearer ${gateway.token}`,
    "Content-Type: application/json",
    "Content-Length: 100",
  ];
  await caller.write(new TextEncoder().encode(`${head.join("\r\n")}\r\n\r\n{"to":`));
  await delay(100);
  gateway.signal("SIGTERM");
  const answer = await new Response(caller.readable).text();
  assertMatch(answer, /^HTTP\/1.1 503 /);
  assertMatch(answer, /\r\nretry-after: \d/i);
  assertMatch(answer, /"code":"overloaded".*not processed/);
  assertEquals(upstream.seen, []);
  await gateway.exited();
});

Deno.test("a request unanswered at the end of the grace period gets an answer, and its spans are exported", async () => {
  await using collector = startCollector();
  await using upstream = await rawUpstream({ onRequest() {} });
  await using gateway = await startGateway({
    upstream: upstream.url,
    env: { SHUTDOWN_GRACE_MS: "1500", OTLP_ENDPOINT: collector.url },
  });
  const answer = gateway.post("never answered");
  while (upstream.seen.length === 0) await delay(5);
  gateway.abandon();
  gateway.signal("SIGTERM");
  const { code, ms } = await gateway.exited();
  assertEquals(code, 0);
  assert(ms >= 1300 && ms < 1500, `ended after ${ms} ms`);
  const { status, text } = await answer;
  assertEquals([status, JSON.parse(text).code], [504, "upstream_timeout"]);
  assertMatch(text, /It is not known whether/);
  // The collector, in this process, may not have read what the other process has sent.
  await until("the spans have arrived", () => collector.spans.length >= 2);
  assertEquals(collector.spans.map(({ kind }) => kind), ["CLIENT", "SERVER"]);
});
