import { assert, assertEquals, assertMatch } from "@std/assert";
import { MAX_TRACES } from "../../demo/trace_store.ts";
import { otlpSink } from "../observability/otlp_sink.ts";
import { MESSAGE, startDemo } from "./process.ts";

/** The kinds of the spans of a page, in order. */
function kinds(html: string): string[] {
  return [...html.matchAll(/class="kind">(\w+)/g)].map(([, kind = ""]) => kind);
}

async function htmlOf(url: string): Promise<string> {
  const response = await fetch(url);
  assertEquals(response.status, 200);
  return await response.text();
}

Deno.test("the demo prints the address of a request's trace, which shows every attempt", async () => {
  await using demo = await startDemo();
  assertEquals(await demo.send("/batches?sandbox_status=503"), 503);
  const [, trace = ""] = await demo.program.waitFor(
    /^.*GET \/\S+ 503 service_unavailable \(.*fault: upstream\) \S+ ms http:\/\/\S+?(\/demo\/traces\/[0-9a-f]{32})$/m,
  );
  const single = await htmlOf(demo.url + trace);
  assertEquals(kinds(single), ["SERVER", "CLIENT", "CLIENT", "CLIENT"]);
  assertMatch(single, /retry 1<[^]*retry 2</);
  assertMatch(single, /sms_gateway\.error\.code<\/dt><dd>service_unavailable</);
});

Deno.test("the demo's traces link a replay to the first request, and have no token, text or number", async () => {
  await using demo = await startDemo();
  assertEquals([await demo.send("/batches", MESSAGE), await demo.send("/batches", MESSAGE)], [
    201,
    201,
  ]);
  const list = await htmlOf(`${demo.url}/demo/traces`);
  const [replay = "", first = ""] = [...list.matchAll(/<h2 id="trace-(\w+)"/g)].map(([, id]) => id);
  assertEquals(kinds(list), ["SERVER", "SERVER", "CLIENT"]);
  const [, linked] = /Link to <a href="\/demo\/traces\/(\w+)"/.exec(list) ?? [];
  assertEquals([linked, replay === first], [first, false]);
  assertEquals(list.match(/PRIVATE|46701234567|eyJ/g), null);
});

Deno.test("the demo keeps the traces of the last hundred requests; its pages are no requests", async () => {
  await using demo = await startDemo();
  for (let sent = 0; sent < MAX_TRACES + 3; sent++) await demo.send("/batches");
  for (let asked = 0; asked < 2; asked++) {
    const list = await htmlOf(`${demo.url}/demo/traces`);
    assertEquals(list.match(/<article class="trace"/g)?.length, MAX_TRACES);
  }
  demo.program.kill("SIGINT");
  const { code, stdout } = await demo.program.ended();
  assertEquals([code, stdout.match(/^[\d:.]+ GET /gm)?.length], [0, MAX_TRACES + 3]);
});

Deno.test("with a collector the spans are exported as well as shown", async () => {
  await using collector = otlpSink();
  await using demo = await startDemo({
    OTLP_ENDPOINT: collector.url,
  });
  await demo.send("/batches");
  const [, id = ""] = /<h2 id="trace-(\w+)"/.exec(await htmlOf(`${demo.url}/demo/traces`)) ?? [];
  demo.program.kill("SIGINT");
  const { stdout } = await demo.program.ended();
  assertMatch(stdout, /^Traces .*Jaeger.*\/demo\/traces$/m);
  assert(id !== "" && collector.exports.some(({ body }) => body.includes(id)));
});
