import { assert, assertEquals } from "@std/assert";
import { delay } from "@std/async/delay";
import { proxies } from "../../proxy.ts";
import { TransportError } from "../../errors/transport_error.ts";
import { upstreamTarget } from "../../upstream/target.ts";
import { undiciTransport } from "../../upstream/undici_transport.ts";
import { startGateway } from "../observability/gateway_process.ts";
import { certificateAuthority } from "../support/certificates.ts";
import { startProxy } from "../support/connect_proxy.ts";
import { testIssuer } from "../support/issuer.ts";
import { answering, rawReply, rawUpstream } from "../support/raw_upstream.ts";
import { tokenAnswer } from "../support/token_endpoint.ts";

const ca = await certificateAuthority();

/** Everything outside of the gateway, over TLS with a certificate of a private authority. */
async function serveOutside(jwks: unknown) {
  const seen: string[] = [];
  const spans = Promise.withResolvers<void>();
  const certificate = await ca.issue({ host: "outside.test" });
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {}, ...certificate },
    async (request) => {
      const { pathname } = new URL(request.url);
      seen.push(pathname);
      await request.arrayBuffer();
      if (pathname === "/jwks") return Response.json(jwks);
      if (pathname === "/oauth2/token") return tokenAnswer("token-1");
      if (pathname === "/v1/traces") spans.resolve();
      return Response.json({ id: "1" }, { status: pathname.startsWith("/xms") ? 201 : 200 });
    },
  );
  return {
    seen,
    spans: spans.promise,
    url: `https://outside.test:${server.addr.port}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

Deno.test("API, key set, token endpoint and collector are reached by HTTPS_PROXY alone, with the CA of DENO_CERT", async () => {
  const issuer = await testIssuer();
  await using outside = await serveOutside(issuer.jwks);
  await using proxy = await startProxy();
  const caFile = await Deno.makeTempFile({ suffix: ".pem" });
  try {
    await Deno.writeTextFile(caFile, ca.cert);
    await using gateway = await startGateway({
      upstream: outside.url,
      issuer,
      env: {
        HTTPS_PROXY: proxy.url.replace("://", "://user:pass@"),
        DENO_CERT: caFile,
        DENO_NO_UPDATE_CHECK: "1",
        AUTH_JWKS_URL: `${outside.url}/jwks`,
        SMS_AUTH_URL: `${outside.url}/oauth2/token`,
        SERVICE_PLANS: '{"plan-1":{"key_id":"a","key_secret":"b"}}',
        OTLP_ENDPOINT: outside.url,
      },
    });
    const response = await fetch(`${gateway.url}/xms/v1/plan-1/batches`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${await gateway.token()}`,
        "content-type": "application/json",
      },
      body: "{}",
    });
    assertEquals([response.status, await response.json()], [201, { id: "1" }]);
    await outside.spans;
    const expected = ["/jwks", "/oauth2/token", "/v1/traces", "/xms/v1/plan-1/batches"];
    assertEquals([...new Set(outside.seen)].sort(), expected);
    assertEquals(new Set(proxy.targets), new Set([new URL(outside.url).host]));
    assertEquals(new Set(proxy.credentials), new Set([`Basic ${btoa("user:pass")}`]));
    await gateway.stop();
  } finally {
    await Deno.remove(caFile);
  }
});

/** Sends a POST to an http origin through a proxy. */
function sendThrough(proxyUrl: string, url: string, timeoutMs = 3_000) {
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
    idleTimeoutMs: 1_000,
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
