import { assert, assertEquals, assertMatch } from "@std/assert";
import { Metrics } from "../../telemetry/metrics.ts";
import { parseMetrics } from "../observability/prometheus_text.ts";
import { jsonReply, testGateway } from "../support/gateway.ts";

const BATCHES = "/xms/v1/plan-1/batches";

/** Metrics of these exchanges, in both formats. */
async function metricsOf(durations: readonly number[], statuses: readonly number[]) {
  const replies = statuses.map((status) => () => jsonReply(status, { code: "c", text: "t" }));
  const gateway = await testGateway({
    upstream: () => (replies.shift() ?? (() => jsonReply(200, {})))(),
  });
  for (const _ of durations) await gateway.request(BATCHES);
  const metrics = new Metrics({
    resource: { "service.name": "test" },
    push: undefined,
  });
  for (const [index, exchange] of gateway.exchanges.entries()) {
    metrics.started(exchange);
    metrics.finished(exchange, durations[index]!);
  }
  const open = await metrics.openMetrics();
  const traces = gateway.exchanges.map(({ span }) => span.spanContext().traceId);
  return { open, plain: await metrics.prometheus(), traces };
}

const SERVER_EXEMPLARS =
  /^http_server_request_duration_seconds_bucket.* # \{trace_id="(\w{32})",span_id="\w{16}"\} ([\d.]+) \d+\.\d{3}$/gm;

Deno.test("OpenMetrics has the series and values of the Prometheus format", async () => {
  const { open, plain } = await metricsOf([10, 200, 1_500], [200, 403, 503]);
  assertMatch(open, /\n# EOF\n$/);
  const withoutExemplars = open.replaceAll(/ # \{.*$/gm, "").replace("# EOF\n", "");
  const seriesOf = (text: string) =>
    parseMetrics(text).samples
      .map(({ name, labels, value }) =>
        JSON.stringify([name, Object.entries(labels).toSorted(), value])
      )
      .toSorted();
  assertEquals(seriesOf(withoutExemplars), seriesOf(plain));
});

Deno.test("a counter's family has no _total, units are named, and nothing is _created", async () => {
  const { open } = await metricsOf([10], [503]);
  assertMatch(open, /^# TYPE sms_gateway_retries counter$/m);
  assertMatch(open, /^# UNIT http_server_request_duration_seconds seconds$/m);
  assert(!open.includes("_created"));
});

Deno.test("the slowest request and every failed one are exemplars of their bucket", async () => {
  const { open, traces } = await metricsOf([10, 900, 20, 30], [200, 200, 403, 500]);
  const exemplars = [...open.matchAll(SERVER_EXEMPLARS)].map(([, trace, value]) => [trace, value]);
  assertEquals(
    exemplars.toSorted(),
    [[traces[0], "0.01"], [traces[1], "0.9"], [traces[2], "0.02"], [traces[3], "0.03"]]
      .slice(1).toSorted(),
  );
});

Deno.test("a thousand failed requests leave 64 exemplars at most, the latest of each bucket", async () => {
  const { open, traces } = await metricsOf(Array(1_000).fill(20), Array(1_000).fill(403));
  const exemplars = [...open.matchAll(SERVER_EXEMPLARS)];
  assertEquals(exemplars.map(([, trace]) => trace), [traces.at(-1)]);
});

Deno.test("25 requests make less than 30 KB in either format", async () => {
  const { open, plain } = await metricsOf(
    Array.from({ length: 25 }, (_, index) => index * 40),
    [200, 403, 503],
  );
  assert(open.length < 30_000, `${open.length}`);
  assert(plain.length < 30_000, `${plain.length}`);
});
