import { assert, assertEquals } from "@std/assert";
import { delay } from "@std/async/delay";
import { proxies } from "../../proxy.ts";
import { TransportError } from "../../errors/transport_error.ts";
import { upstreamTarget } from "../../upstream/target.ts";
import { undiciTransport } from "../../upstream/undici_transport.ts";
import { startGateway } from "../observability/gateway_process.ts";
import { startProxy } from "../support/connect_proxy.ts";
import { answering, rawReply, rawUpstream } from "../support/raw_upstream.ts";
import { checkPlainWayOut, checkWayOut } from "../support/way_out.ts";
import { plainGet } from "../support/plain_get.ts";

Deno.test("API, key set, token endpoint and collector are reached by HTTPS_PROXY alone, with the CA of DENO_CERT", async () => {
  await checkWayOut((file) => ({ DENO_CERT: file }), (options) => startGateway(options));
});

Deno.test("with DENO_TLS_CA_STORE=system the authorities of the system's store are trusted", async () => {
  const store = (file: string) => ({ DENO_TLS_CA_STORE: "system", SSL_CERT_FILE: file });
  await checkWayOut(store, (options) => startGateway(options));
});

/** Values of NO_PROXY, and whether all connections to 127.0.0.1 are direct with it. */
const NO_PROXY: readonly [no: (port: string) => string, isDirect: boolean][] = [
  [() => "", false],
  [() => "127.0.0.1:1", false],
  [(port) => `a.test 127.0.0.1:${port}`, true],
];

for (const [no, isDirect] of NO_PROXY) {
  Deno.test(`with NO_PROXY="${no("PORT")}" API, key set, token endpoint and collector are reached ${isDirect ? "directly" : "by tunnels of HTTP_PROXY_FILE"}`, async () => {
    await checkPlainWayOut(no, { start: (options) => startGateway(options), isDirect });
  });
}

Deno.test("a changed proxy is used for the requests from then on", async () => {
  await using upstream = await rawUpstream(answering(rawReply(200, "{}")));
  await using first = await startProxy();
  await using second = await startProxy();
  let proxy = first.url;
  const transport = undiciTransport({ connectTimeoutMs: 1_000, proxyOf: () => proxy });
  const send = () => transport.send(plainGet(`http://api.test:${upstream.port}`));
  await send();
  assertEquals([first.targets.length, second.targets.length], [1, 0]);
  proxy = second.url;
  transport.reconnect();
  await send();
  assertEquals([first.targets.length, second.targets.length], [1, 1]);
  await transport.close();
});

/** Sends a POST to an http origin through a proxy. */
function sendThrough(proxyUrl: string, url: string, timeoutMs = 20_000) {
  const transport = undiciTransport({
    connectTimeoutMs: 1_000,
    proxyOf: proxies({ https: undefined, http: proxyUrl, no: "direct.test" }),
  });
  const sent = transport.send({
    target: upstreamTarget(url),
    method: "POST",
    path: "/",
    headers: {},
    body: new Uint8Array([1]),
    timeoutMs,
    idleTimeoutMs: 20_000,
  });
  return { transport, sent };
}

for (const behaviour of [407, 403, 502, "close", "silent"] as const) {
  Deno.test(`a proxy that answers CONNECT with ${behaviour} means that nothing was sent, and is not asked again and again`, async () => {
    await using upstream = await rawUpstream(answering(rawReply(200, "{}")));
    await using proxy = await startProxy();
    proxy.behaviour = behaviour;
    const { transport, sent } = sendThrough(proxy.url, `http://api.test:${upstream.port}`, 1_500);
    const failure = await sent.then(() => undefined, (error) => error);
    assert(failure instanceof TransportError);
    assertEquals([failure.sent, upstream.requests.length], [false, 0]);
    const asked = proxy.targets.length;
    await delay(300);
    assert(proxy.targets.length <= asked + 1 && asked <= 2, `${proxy.targets.length} times`);
    await proxy[Symbol.asyncDispose]();
    await transport.close();
  });
}

Deno.test("a request through a proxy that breaks on the way is never sent again", async () => {
  await using upstream = await rawUpstream(async (connection) => {
    await connection.readRequest();
    connection.reset();
  });
  await using proxy = await startProxy();
  const { transport, sent } = sendThrough(proxy.url, `http://api.test:${upstream.port}`);
  const failure = await sent.then(() => undefined, (error) => error);
  assert(failure instanceof TransportError);
  assertEquals([failure.sent, upstream.requests.length], [true, 1]);
  await transport.close();
});

Deno.test("a long response through a proxy is paused while it is not read, and arrives whole", async () => {
  const length = 4_000_000;
  const head = `HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n\r\n`;
  await using upstream = await rawUpstream(async (connection) => {
    await connection.readRequest();
    await connection.write(head + "x".repeat(length));
    connection.close();
  });
  await using proxy = await startProxy();
  const { transport, sent } = sendThrough(proxy.url, `http://api.test:${upstream.port}`);
  const { body } = await sent;
  assert(!(body instanceof Uint8Array));
  await delay(200);
  assertEquals((await new Response(body).bytes()).length, length);
  await transport.close();
});
