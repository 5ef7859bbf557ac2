import { assertEquals, assertStringIncludes } from "@std/assert";
import { connect } from "node:http2";
import { exchangeRaw } from "../support/raw_client.ts";
import { answering, rawReply, rawUpstream } from "../support/raw_upstream.ts";
import { type ServedGateway, serveGateway } from "../support/served.ts";

const BATCHES = "/xms/v1/plan-1/batches";

interface Refusal {
  status: number;
  text: string;
}

/** Sends exactly these lines over HTTP/1.1; returns the refusal. */
async function overHttp1(gateway: ServedGateway, lines: readonly string[]): Promise<Refusal> {
  const authorization = `Authorization: Bearer ${await gateway.token()}`;
  const head = [...lines, authorization, "Connection: close"];
  const { status, body } = await exchangeRaw(gateway.port, `${head.join("\r\n")}\r\n\r\n`);
  return { status, text: body };
}

async function overHttp2(
  gateway: ServedGateway,
  headers: Record<string, string>,
): Promise<Refusal> {
  const session = connect(gateway.url);
  const authorization = `Bearer ${await gateway.token()}`;
  const request = session.request({ authorization, ...headers });
  const { promise, resolve, reject } = Promise.withResolvers<Refusal>();
  let [status, text] = [0, ""];
  request.on("response", (received) => status = Number(received[":status"]));
  request.on("data", (chunk: Uint8Array) => text += new TextDecoder().decode(chunk));
  request.on("error", reject);
  request.on("close", () => resolve({ status, text }));
  return await promise.finally(() => session.close());
}

/** Invalid hosts (latin1), among them some that would change the path of a URL. */
const INVALID = [
  `x${BATCHES}?`,
  `x${BATCHES}#`,
  "x/metrics?",
  "x/livez",
  "x?",
  "x#",
  "x\\livez?",
  "user@x",
  "user:secret@x",
  "x y",
  "x, y",
  "x%2",
  "x:y",
  "\xfcx",
  "[::1",
  "",
];

const TARGETS = ["/nothing", BATCHES, "/livez", "/readyz", "/metrics", "/docs", "/openapi.json"];

Deno.test("an invalid Host is 400 for every path, and nothing is forwarded", async (t) => {
  await using upstream = await rawUpstream(answering(rawReply(200, "{}")));
  await using gateway = await serveGateway({ upstream: upstream.url });
  for (const host of INVALID) {
    await t.step(JSON.stringify(host), async () => {
      for (const target of TARGETS) {
        const lines = [`GET ${target} HTTP/1.1`, `Host: ${host}`];
        const { status, text } = await overHttp1(gateway, lines);
        assertEquals([status, JSON.parse(text).code], [400, "syntax_invalid_parameter_format"]);
        assertStringIncludes(text, "Host header");
      }
    });
  }
  assertEquals(upstream.requests, []);
});

Deno.test("the refusal of a Host is recorded in a span with status and code, without the Host", async () => {
  await using gateway = await serveGateway({ upstream: "http://127.0.0.1:1" });
  await overHttp1(gateway, ["GET /livez HTTP/1.1", "Host: user:secret@x/metrics?46701234567"]);
  const { status, failure, rawPath } = await gateway.finished();
  assertEquals([status, failure?.code, rawPath], [400, "syntax_invalid_parameter_format", "/"]);
  const [span] = gateway.spans;
  assertEquals(span?.attributes["http.response.status_code"], 400);
  assertEquals(/secret|metrics|46701234567/.test(JSON.stringify(span?.attributes)), false);
});

Deno.test("two Host headers are 400", async () => {
  await using gateway = await serveGateway({ upstream: "http://127.0.0.1:1" });
  const lines = ["GET /livez HTTP/1.1", "Host: a", "Host: b/metrics?"];
  assertEquals((await overHttp1(gateway, lines)).status, 400);
});

/** Targets in absolute-form → the status, with a valid Host. */
const ABSOLUTE: readonly [target: string, status: number][] = [
  ["http://o", 404],
  ["http://o?a=/metrics", 404],
  ["http://o?a=/livez", 404],
  ["http://o/livez", 200],
  ["http://o:81/livez?a=b", 200],
  ["http://[::1]/livez", 200],
  ["http://user@o/livez", 400],
  ["http://o#/livez", 404],
];

Deno.test("the path of an absolute-form target is that of its URI, or / if that is empty", async (t) => {
  await using gateway = await serveGateway({ upstream: "http://127.0.0.1:1" });
  for (const [target, status] of ABSOLUTE) {
    await t.step(target, async () => {
      const answer = await overHttp1(gateway, [`GET ${target} HTTP/1.1`, "Host: a"]);
      assertEquals(answer.status, status);
    });
  }
});

Deno.test("over HTTP/2 an invalid host is 400, with and without :authority", async () => {
  await using upstream = await rawUpstream(answering(rawReply(200, "{}")));
  await using gateway = await serveGateway({ upstream: upstream.url });
  const host = `x${BATCHES}?`;
  for (const authority of [{}, { ":authority": "gateway.test" }, { ":authority": "u@x" }]) {
    for (const path of TARGETS) {
      const { status } = await overHttp2(gateway, { ":path": path, host, ...authority });
      assertEquals(status, 400);
    }
  }
  assertEquals((await overHttp2(gateway, { ":path": "/livez", host: "gateway.test" })).status, 200);
  assertEquals((await overHttp2(gateway, { ":path": "/livez" })).status, 200);
  assertEquals(upstream.requests, []);
});
