import { assert, assertEquals } from "@std/assert";
import { delay } from "@std/async/delay";
import { type Collector, startCollector } from "../drills/kit/collector.ts";
import type { Steps } from "./suite.ts";

const BATCHES = "/xms/v1/plan-1/batches";
const TRACE_ID = "0af7651916cd43dd8448eb211c80319c";

/** Longest time until spans are exported, in ms; they are batched for a second. */
const EXPORTED_WITHIN_MS = 5_000;

async function spansOf(collector: Collector, traceId: string, count: number) {
  const deadline = Date.now() + EXPORTED_WITHIN_MS;
  const found = () => collector.spans.filter((span) => span.traceId === traceId);
  while (found().length < count && Date.now() < deadline) await delay(20);
  return found();
}

/** The README's guarantees for traces and health. */
export const TELEMETRY: Steps = {
  "a request has one SERVER span and one CLIENT span in the caller's trace": async (world) => {
    await using collector = startCollector();
    await using gateway = await world.start({ OTLP_ENDPOINT: collector.url });
    const response = await world.request(`${BATCHES}?reply=unspaced`, {
      url: gateway.url,
      headers: { traceparent: `00-${TRACE_ID}-b7ad6b7169203331-01` },
    });
    await response.body?.cancel();
    const spans = await spansOf(collector, TRACE_ID, 2);
    const server = spans.find(({ kind }) => kind === "SERVER");
    const client = spans.find(({ kind }) => kind === "CLIENT");
    assert(server && client && spans.length === 2, Deno.inspect(spans));
    assertEquals(server.parentSpanId, "b7ad6b7169203331");
    assertEquals(client.parentSpanId, server.spanId);
    assertEquals(server.attributes["http.response.status_code"], 200);
    assertEquals(server.attributes["sms_gateway.service_plan_id"], "plan-1");
    const sent = world.upstream.taken()[0]?.headers.find(([name]) => name === "traceparent")?.[1];
    assertEquals(sent, `00-${TRACE_ID}-${client.spanId}-01`);
  },

  "a refusal has a span with its code, sampled or not": async (world) => {
    await using collector = startCollector();
    await using gateway = await world.start({ OTLP_ENDPOINT: collector.url });
    const response = await world.request(BATCHES, {
      url: gateway.url,
      token: null,
      headers: { traceparent: `00-${TRACE_ID}-b7ad6b7169203331-00` },
    });
    await response.body?.cancel();
    const [span] = await spansOf(collector, TRACE_ID, 1);
    assertEquals(span?.attributes["sms_gateway.error.code"], "unauthorized");
    assertEquals(span?.attributes["sms_gateway.error.origin"], "gateway");
  },

  "an upstream that does not answer, or stalls, is a TimeoutError in the trace": async (world) => {
    await using collector = startCollector();
    await using gateway = await world.start({ OTLP_ENDPOINT: collector.url });
    for (const fault of ["sandbox_delay_ms=4000", "sandbox_stall=true"]) {
      const response = await world.request(`${BATCHES}?${fault}`, { url: gateway.url });
      await response.body?.cancel();
    }
    const deadline = Date.now() + EXPORTED_WITHIN_MS;
    while (collector.spans.length < 4 && Date.now() < deadline) await delay(20);
    const served = collector.spans.filter(({ kind }) => kind === "SERVER");
    for (const { exceptions } of served) assertEquals(exceptions, ["TimeoutError"]);
    assertEquals(served.length, 2);
  },

  "/livez and /readyz are 200": async ({ request }) => {
    for (const path of ["/livez", "/readyz"]) {
      const response = await request(path, { token: null });
      const { status } = await response.json();
      assertEquals([response.status, status], [200, "ok"]);
    }
  },
};
