import { configure, type LogRecord } from "@logtape/logtape";
import { MeterProvider } from "@opentelemetry/sdk-metrics";
import { assertEquals } from "@std/assert";
import { pushReader } from "../../telemetry/metrics_output.ts";
import { otlpTarget } from "../support/otlp_target.ts";

Deno.test("a redirected push is not followed, and its failure and recovery are each logged once", async () => {
  const records: LogRecord[] = [];
  await configure({
    reset: true,
    sinks: { records: (record) => void records.push(record) },
    loggers: [
      { category: ["sms-gateway"], sinks: ["records"] },
      { category: ["logtape", "meta"], sinks: [] },
    ],
  });
  const answers = [302, 307, 307, 200, 200];
  const paths: string[] = [];
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => {
    const { pathname } = new URL(request.url);
    paths.push(pathname);
    return new Response(null, { status: answers.shift() ?? 200, headers: { location: "/other" } });
  });
  const url = `http://127.0.0.1:${server.addr.port}`;
  const provider = new MeterProvider({
    readers: [pushReader({ target: otlpTarget(`${url}/v1/metrics`) })],
  });
  provider.getMeter("test").createCounter("c").add(1);
  for (let pushes = 0; pushes < 5; pushes++) await provider.forceFlush().catch(() => {});
  assertEquals(new Set(paths), new Set(["/v1/metrics"]));
  const changes = records.filter(({ level }) => level !== "error");
  assertEquals(changes.map(({ rawMessage, properties }) => [rawMessage, properties.status]), [
    ["collector refuses exports", 302],
    ["collector refuses exports", 307],
    ["collector accepts exports again", undefined],
  ]);
  assertEquals(changes[0]?.properties.collector, `${url}/v1/metrics`);
  await provider.shutdown();
});
