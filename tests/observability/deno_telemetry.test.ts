import { assertEquals, assertMatch } from "@std/assert";
import { answering, rawReply, type RawUpstream, rawUpstream } from "../support/raw_upstream.ts";
import { startGateway } from "./gateway_process.ts";
import { attributesOf, type OtlpSink, otlpSink, type OtlpSpan } from "./otlp_sink.ts";
import { hex, issuer } from "./traced_request.ts";

// With OTEL_DENO, which is always on at Deno Deploy, Deno exports telemetry of its own. A backend
// must be able to tell it from the gateway's.

const SERVER = 2;
const CLIENT = 3;
const OURS = "sms-gateway";
const PATH = "/xms/v1/plan-1/batches?page=2";

/** Sends a gateway one request with a trace; returns the requests that reached the upstream. */
async function oneRequest(
  env: Record<string, string>,
): Promise<{ upstream: RawUpstream["requests"]; traceId: string; stdout: string }> {
  await using upstream = await rawUpstream(answering(rawReply(200, "{}")));
  await using gateway = await startGateway({
    upstream: upstream.url,
    issuer,
    env: { OTEL_EXPORTER_OTLP_PROTOCOL: "http/json", ...env },
  });
  const traceId = hex(16);
  const response = await fetch(gateway.url + PATH, {
    headers: {
      authorization: `Bearer ${await issuer.token()}`,
      traceparent: `00-${traceId}-${hex(8)}-01`,
      tracestate: "vendor=value",
      "x-request-id": "mine",
    },
  });
  await response.body?.cancel();
  assertEquals(response.status, 200);
  const { code, stdout } = await gateway.stop();
  assertEquals(code, 0);
  return { upstream: [...upstream.requests], traceId, stdout };
}

/** Fails unless one valid traceparent of this trace is forwarded; returns its span id. */
function assertOneTraceparent([request]: RawUpstream["requests"], traceId: string): string {
  const values = (wanted: string) =>
    request?.headers.filter(([name]) => name.toLowerCase() === wanted).map(([, value]) => value);
  const [traceparent = "", ...more] = values("traceparent") ?? [];
  assertEquals(more, []);
  assertMatch(traceparent, new RegExp(`^00-${traceId}-[0-9a-f]{16}-01$`));
  assertEquals(values("tracestate"), ["vendor=value"]);
  return traceparent.split("-")[2]!;
}

/** The spans of the request, without those of health checks and exports. */
const spansOf = (sink: OtlpSink, traceId: string) =>
  sink.spans().filter((span) => span.traceId === traceId);

/** The parts of the spans that are the same in every run. */
function shapeOf(spans: readonly OtlpSpan[]) {
  return spans.map((span) => {
    const { "server.port": _, "url.full": url, ...attributes } = attributesOf(span);
    const path = url === undefined ? undefined : String(url).replace(/:\d+/, "");
    return { name: span.name, kind: span.kind, scope: span.scope, path, attributes };
  });
}

Deno.test("with OTEL_DENO on or off the gateway exports the same two spans and forwards one traceparent", async () => {
  const shapes = [];
  for (const OTEL_DENO of ["false", "true"]) {
    await using ours = otlpSink();
    await using theirs = otlpSink();
    const { upstream, traceId } = await oneRequest({
      OTEL_DENO,
      OTLP_ENDPOINT: ours.url,
      OTEL_EXPORTER_OTLP_ENDPOINT: theirs.url,
    });
    const spans = spansOf(ours, traceId);
    const client = spans.find(({ kind }) => kind === CLIENT);
    const server = spans.find(({ kind }) => kind === SERVER);
    assertEquals(client?.spanId, assertOneTraceparent(upstream, traceId));
    assertEquals(client?.parentSpanId, server?.spanId);
    assertEquals(ours.spans().length, 2);
    assertEquals(theirs.spans().filter(({ scope }) => scope === OURS), []);
    shapes.push(shapeOf(spans));
  }
  assertEquals(shapes[1], shapes[0]);
});

Deno.test("without OTEL_DENO the gateway exports its spans to OTEL_EXPORTER_OTLP_ENDPOINT", async () => {
  await using sink = otlpSink();
  const { traceId } = await oneRequest({ OTEL_EXPORTER_OTLP_ENDPOINT: sink.url });
  assertEquals(spansOf(sink, traceId).map(({ scope }) => scope), [OURS, OURS]);
});

Deno.test("with OTEL_DENO the backend of OTEL_EXPORTER_OTLP_ENDPOINT gets Deno's span of a request and none of the gateway's", async () => {
  await using sink = otlpSink();
  const { upstream, traceId, stdout } = await oneRequest({
    OTEL_DENO: "true",
    OTEL_EXPORTER_OTLP_ENDPOINT: sink.url,
  });
  assertOneTraceparent(upstream, traceId);
  assertMatch(stdout, /"traces":"not exported"/);
  const spans = spansOf(sink, traceId);
  assertEquals(spans.map(({ kind, scope }) => [kind, scope]), [[SERVER, "deno"]]);
  const pushed = sink.exports.filter(({ path }) => path === "/v1/metrics");
  assertEquals(pushed.filter(({ body }) => body.includes(`"${OURS}"`)), []);
});

Deno.test("with OTEL_DENO_TRACING=false a backend of both gets only the gateway's spans", async () => {
  await using sink = otlpSink();
  const { upstream, traceId } = await oneRequest({
    OTEL_DENO: "true",
    OTEL_DENO_TRACING: "false",
    OTEL_EXPORTER_OTLP_ENDPOINT: sink.url,
    OTLP_ENDPOINT: sink.url,
  });
  assertOneTraceparent(upstream, traceId);
  assertEquals(spansOf(sink, traceId).map(({ scope }) => scope), [OURS, OURS]);
  assertEquals(sink.spans().length, 2);
});
