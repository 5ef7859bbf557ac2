import { assert, assertEquals } from "@std/assert";
import { refusedPort } from "../support/raw_upstream.ts";
import { startGateway } from "./gateway_process.ts";
import { type OtlpSink, otlpSink } from "./otlp_sink.ts";
import { parseMetrics, total } from "./prometheus_text.ts";
import { until } from "./until.ts";

interface KeyValue {
  readonly key: string;
  readonly value: { readonly stringValue?: string; readonly intValue?: number };
}

interface OtlpLog {
  readonly timeUnixNano: string;
  readonly severityNumber: number;
  readonly severityText: string;
  readonly body: { readonly stringValue: string };
  readonly attributes: readonly KeyValue[];
  readonly traceId?: string;
  readonly spanId?: string;
}

interface LogExport {
  readonly resource: { readonly attributes: readonly KeyValue[] };
  readonly scopeLogs: readonly { readonly logRecords: readonly OtlpLog[] }[];
}

const exportsOf = ({ exports }: OtlpSink): LogExport[] =>
  exports.filter(({ path }) => path === "/v1/logs")
    .flatMap(({ body }) => JSON.parse(body).resourceLogs);

const recordsOf = (sink: OtlpSink): OtlpLog[] =>
  exportsOf(sink).flatMap(({ scopeLogs }) => scopeLogs.flatMap(({ logRecords }) => logRecords));

const stringsOf = (attributes: readonly KeyValue[]) =>
  Object.fromEntries(
    attributes.map(({ key, value }) => [key, value.stringValue ?? value.intValue]),
  );

const start = (sink: OtlpSink, env: Record<string, string> = {}) =>
  startGateway({
    upstream: `http://127.0.0.1:${refusedPort()}`,
    env: { OTLP_ENDPOINT: sink.url, LOGS_EXPORT: "otlp", ...env },
  });

async function ask(url: string, requestId: string): Promise<void> {
  const headers = { "x-request-id": requestId };
  await (await fetch(`${url}/xms/v1/plan-1/batches`, { headers })).body?.cancel();
}

Deno.test("with LOGS_EXPORT=otlp every line of standard output is exported too, with the ids of its span and the resource of the spans", async () => {
  await using sink = otlpSink();
  await using gateway = await start(sink);
  await ask(gateway.url, "mine");
  const { stdout, stderr, code } = await gateway.stop();
  assertEquals([stderr, code], ["", 0]);
  const lines: Record<string, unknown>[] = stdout.trimEnd().split("\n").map((line) =>
    JSON.parse(line)
  );
  const records = recordsOf(sink);
  assertEquals(
    records.map(({ body, severityText }) => [body.stringValue, severityText.toLowerCase()]),
    lines.map(({ message, level }) => [message, level]),
  );
  assertEquals(lines.at(-1)?.message, "stopped");
  const line = lines.find(({ request_id }) => request_id === "mine");
  const record = records.find(({ attributes }) => stringsOf(attributes).request_id === "mine");
  assert(record && line);
  const [span] = sink.spans();
  assertEquals([record.traceId, record.spanId], [span?.traceId, span?.spanId]);
  assertEquals([record.severityNumber, stringsOf(record.attributes).status], [13, 401]);
  assertEquals(new Date(Number(record.timeUnixNano.slice(0, -6))).toISOString(), line.time);
  const names = Object.keys(line).filter((name) =>
    !["time", "level", "message", "trace_id", "span_id"].includes(name)
  );
  assertEquals(record.attributes.map(({ key }) => key).toSorted(), names.toSorted());
  const traces = sink.exports.find(({ path }) => path === "/v1/traces");
  const [{ resource }] = JSON.parse(traces?.body ?? "").resourceSpans;
  assertEquals(exportsOf(sink)[0]?.resource, resource);
});

Deno.test("log lines wait while a collector asks for it, and those it rejects are counted", async () => {
  const answers = [
    () => new Response(null, { status: 429, headers: { "retry-after": "1" } }),
    () => Response.json({ partialSuccess: { rejectedLogRecords: "1" } }),
  ];
  await using sink = otlpSink(({ url }) =>
    url.endsWith("/v1/logs") ? (answers.shift() ?? (() => Response.json({})))() : Response.json({})
  );
  await using gateway = await start(sink);
  await until("a second attempt", () => exportsOf(sink).length >= 2);
  const [first, second] = exportsOf(sink);
  assertEquals(second, first);
  await until("the loss in /metrics", async () => {
    const metrics = parseMetrics(await (await fetch(`${gateway.url}/metrics`)).text());
    return total(metrics, "sms_gateway_telemetry_dropped_total", { signal: "exported_logs" }) === 1;
  });
  await gateway.stop();
});

Deno.test("a collector of logs that never responds does not delay the exit beyond the grace", async () => {
  const { promise, resolve } = Promise.withResolvers<Response>();
  const sink = otlpSink(() => promise);
  await using gateway = await start(sink, { SHUTDOWN_GRACE_MS: "1000", OTLP_TIMEOUT_MS: "600000" });
  await until("an export of logs", () => exportsOf(sink).length > 0);
  const { code, stdout } = await gateway.stop(); // would wait for 10 minutes
  resolve(new Response());
  assertEquals(code, 0);
  assert(stdout.includes('"stopped"'));
  await sink[Symbol.asyncDispose]();
});

Deno.test("without LOGS_EXPORT no log line is exported", async () => {
  await using sink = otlpSink();
  await using gateway = await start(sink, { LOGS_EXPORT: "stdout" });
  await ask(gateway.url, "mine");
  const { stdout } = await gateway.stop();
  assert(stdout.includes('"request_id":"mine"'));
  assertEquals(recordsOf(sink), []);
});
