import { MeterProvider } from "@opentelemetry/sdk-metrics";
import { assertEquals } from "@std/assert";
import { pushReader } from "../../telemetry/metrics_output.ts";
import { otlpTarget } from "../support/otlp_target.ts";
import { recordLogs } from "../support/log_records.ts";

Deno.test("a redirected push is not followed, and its failure and recovery are each logged once", async () => {
  const records = await recordLogs();
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

Deno.test("data points rejected of an accepted push are reported, those of a refused push are not", async () => {
  const answers = [
    () => Response.json({ partialSuccess: { rejectedDataPoints: "2" } }),
    () => new Response(null, { status: 400 }),
    () => Response.json({}),
  ];
  await using server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    () => answers.shift()?.() ?? Response.json({}),
  );
  let rejected = 0;
  const provider = new MeterProvider({
    readers: [pushReader({
      target: otlpTarget(`http://127.0.0.1:${server.addr.port}/v1/metrics`),
      onRejected: (points) => void (rejected += points),
    })],
  });
  provider.getMeter("test").createCounter("c").add(1);
  for (let pushes = 0; pushes < 3; pushes++) await provider.forceFlush().catch(() => {});
  assertEquals([rejected, answers.length], [2, 0]);
  await provider.shutdown();
});
