import { assertEquals, assertRejects } from "@std/assert";
import { delay } from "@std/async/delay";
import { TransportError } from "../../errors/transport_error.ts";
import { upstreamTarget } from "../../upstream/target.ts";
import { undiciTransport } from "../../upstream/undici_transport.ts";
import { answeringOnce, rawUpstream } from "../support/raw_upstream.ts";
import { serveGateway } from "../support/served.ts";

const BATCHES = "/xms/v1/plan-1/batches";

/** Bytes of an answer that is streamed, not buffered, so that it waits for its caller. */
const LONG = 300_000;

/** More bytes than the socket buffers on the way to a caller hold. */
const VERY_LONG = 12_000_000;

/** Heads of answers of a size, after which the upstream closes the connection. */
const HEADS: Readonly<Record<string, (size: number) => string>> = {
  "with Content-Length": (size) => `HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`,
  "with Content-Length and Connection: close": (size) =>
    `HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: ${size}\r\n\r\n`,
  "without Content-Length": () => "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n",
  "of HTTP/1.0": () => "HTTP/1.0 200 OK\r\n\r\n",
};

for (const [name, head] of Object.entries(HEADS)) {
  Deno.test(`a long answer ${name} is complete although its connection closes at once`, async () => {
    await using upstream = await rawUpstream(answeringOnce(head(LONG) + "x".repeat(LONG)));
    await using gateway = await serveGateway({ upstream: upstream.url });
    for (let round = 0; round < 20; round++) {
      const response = await gateway.request(BATCHES);
      assertEquals((await response.bytes()).byteLength, LONG);
    }
  });

  Deno.test(`an answer ${name} is complete although its connection closed while the caller paused`, async () => {
    await using upstream = await rawUpstream(
      answeringOnce(head(VERY_LONG) + "x".repeat(VERY_LONG)),
    );
    await using gateway = await serveGateway({ upstream: upstream.url });
    const response = await gateway.request(BATCHES);
    await delay(300);
    assertEquals((await response.bytes()).byteLength, VERY_LONG);
  });

  Deno.test(`an answer ${name} that is reset while the caller pauses is not delivered as complete`, async () => {
    const half = "x".repeat(VERY_LONG / 2);
    await using upstream = await rawUpstream(answeringOnce(head(VERY_LONG) + half, "reset"));
    await using gateway = await serveGateway({ upstream: upstream.url });
    const response = await gateway.request(BATCHES);
    await delay(300);
    await assertRejects(() => response.bytes());
  });
}

Deno.test("a short answer without Content-Length that is reset is 502", async () => {
  const bytes = 'HTTP/1.1 201 Created\r\nConnection: close\r\n\r\n{"id":"abc';
  await using upstream = await rawUpstream(async (connection) => {
    if (!await connection.readRequest()) return;
    await connection.write(bytes);
    await delay(50);
    connection.reset();
  });
  await using gateway = await serveGateway({ upstream: upstream.url });
  const response = await gateway.request(BATCHES, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: "{}",
  });
  assertEquals(response.status, 502);
  assertEquals((await response.json()).code, "upstream_connection_lost");
});

Deno.test("an aborted transport sends nothing and reports that nothing was sent", async () => {
  await using upstream = await rawUpstream(async (connection) => {
    await connection.readRequest();
    await connection.closed;
  });
  const transport = undiciTransport({ connectTimeoutMs: 1_000 });
  const target = upstreamTarget(upstream.url);
  const request = { target, method: "POST", path: "/", headers: {}, body: new Uint8Array([1]) };
  const deadlines = { timeoutMs: 60_000, idleTimeoutMs: 60_000 };
  const send = () =>
    assertRejects(() => transport.send({ ...request, ...deadlines }), TransportError);
  const outstanding = send();
  while (upstream.requests.length === 0) await delay(5);
  transport.expireAll?.();
  const [first, second] = [await outstanding, await send()];
  assertEquals([first.reason, first.sent], ["timeout", true]);
  assertEquals([second.reason, second.sent], ["timeout", false]);
  assertEquals(upstream.requests.length, 1);
  await transport.close();
});
