/** Walks from a metric to the trace behind it, with a real Prometheus and a real Jaeger. */

import { assert, assertEquals } from "@std/assert";
import { startGateway } from "../observability/gateway_process.ts";
import { issuer, tokenFor } from "../observability/traced_request.ts";
import { until } from "../observability/until.ts";
import { spanOfKind, startJaeger, tagsOf } from "../support/jaeger.ts";
import { rawReply, rawUpstream } from "../support/raw_upstream.ts";
import { findPrograms, startPrometheus } from "./prometheus.ts";

const SERVER = "http_server_request_duration_seconds_bucket";
const CLIENT = "http_client_request_duration_seconds_bucket";

const programs = await findPrograms();
const jaeger = await startJaeger();
if (!programs || !jaeger) {
  const missing = "no Prometheus, or no Jaeger: see JAEGER_BIN and Debian's package prometheus";
  if (Deno.env.get("CI")) throw new Error(missing);
  // deno-lint-ignore no-console -- reports the skipped tests
  console.log(`skipped: ${missing}`);
}

/** The statuses that the API answers with, in this order. */
const STATUSES = [200, 403, 500];

/** Share of sampled traces → the statuses whose exemplars must lead to a trace. */
const SAMPLING: readonly [ratio: string, statuses: readonly number[]][] = [
  ["1", [200, 403, 500]],
  ["0", [500]],
];

for (const [ratio, expected] of SAMPLING) {
  Deno.test(
    `with a sample ratio of ${ratio} the exemplars of both durations lead from Prometheus to traces of ${
      expected.join(", ")
    } in Jaeger`,
    {
      ignore: !programs || !jaeger,
    },
    async () => {
      const replies = [...STATUSES];
      await using upstream = await rawUpstream(async (connection) => {
        while (await connection.readRequest()) {
          await connection.write(rawReply(replies.shift() ?? 200, '{"code":"c","text":"t"}'));
        }
      });
      await using gateway = await startGateway({
        upstream: upstream.url,
        issuer,
        env: { OTLP_ENDPOINT: jaeger!.otlpEndpoint, TRACE_SAMPLE_RATIO: ratio },
      });
      await using prometheus = await startPrometheus(
        programs!.prometheus,
        new URL(gateway.url).host,
      );
      const authorization = `Bearer ${await tokenFor()}`;
      for (const status of STATUSES) {
        const response = await fetch(`${gateway.url}/xms/v1/plan-1/batches`, {
          headers: { authorization },
        });
        await response.body?.cancel();
        assertEquals(response.status, status);
      }
      for (const name of [SERVER, CLIENT]) {
        const count = `sum(${name}{le="+Inf"})`;
        await until(
          `a scrape of ${name}`,
          async () => (await prometheus.query(count))[0]?.value === STATUSES.length,
        );
        const series = await until(`exemplars of ${name}`, async () => {
          const found = await prometheus.exemplars(name);
          return found.length > 0 && found;
        });
        const statuses = series.map(({ seriesLabels }) =>
          Number(seriesLabels.http_response_status_code)
        );
        // The slowest may be the only success; it is an exemplar if no failure took longer.
        const required = expected.filter((status) => status >= 400);
        assertEquals(required.filter((status) => !statuses.includes(status)), []);
        assertEquals(statuses.filter((status) => !expected.includes(status)), []);
        for (const { seriesLabels, exemplars } of series) {
          for (const { labels, value } of exemplars) {
            const trace = await jaeger!.trace(labels.trace_id ?? "");
            const server = spanOfKind(trace, "server");
            assertEquals(server.spanID, labels.span_id);
            const status = tagsOf(server.tags)["http.response.status_code"];
            assertEquals(String(status), seriesLabels.http_response_status_code);
            assert(value <= server.duration / 1e6 + 0.05, `${value} s of ${server.duration} µs`);
          }
        }
      }
    },
  );
}

Deno.test("the Jaeger of these tests stops", { ignore: !jaeger }, async () => {
  await jaeger![Symbol.asyncDispose]();
});
