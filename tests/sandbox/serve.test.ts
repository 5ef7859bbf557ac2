import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { createSandbox, type Sandbox } from "../../sandbox/app.ts";
import { type ServedSandbox, serveSandbox } from "../../sandbox/serve.ts";
import { number } from "./kit.ts";

const MESSAGE = JSON.stringify({ to: [number(1)], body: "Hi" });

/** The bytes of an answer until the peer closes or resets the connection, or until `timeoutMs`. */
async function exchange(port: number, query: string, timeoutMs = 5_000) {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const timer = setTimeout(() => connection.close(), timeoutMs);
  const request =
    `POST /xms/v1/plan/batches?${query} HTTP/1.1\r\nHost: sandbox\r\nConnection: close\r\n` +
    `Authorization: Bearer token\r\nContent-Type: application/json\r\n` +
    `Content-Length: ${MESSAGE.length}\r\n\r\n${MESSAGE}`;
  await connection.write(new TextEncoder().encode(request));
  let text = "";
  let end = "closed";
  try {
    for await (const bytes of connection.readable) text += new TextDecoder().decode(bytes);
  } catch (error) {
    end = error instanceof Deno.errors.ConnectionReset ? "reset" : "timeout";
  }
  clearTimeout(timer);
  const [head = "", body = ""] = text.split("\r\n\r\n");
  return { head, body, end };
}

async function served(
  run: (served: ServedSandbox, sandbox: Sandbox) => Promise<void>,
): Promise<void> {
  const sandbox = createSandbox({ servicePlans: { plan: "token" } });
  const server = await serveSandbox(sandbox);
  try {
    await run(server, sandbox);
  } finally {
    await server.close();
  }
}

async function countOf(url: string): Promise<number> {
  const headers = { authorization: "Bearer token" };
  const response = await fetch(`${url}/xms/v1/plan/batches`, { headers });
  return (await response.json()).count;
}

Deno.test("a reset before the headers sends no byte and changes nothing", () =>
  served(async ({ port, url }) => {
    const { head, end } = await exchange(port, "sandbox_reset=before_headers");
    assertEquals([head, end], ["", "reset"]);
    assertEquals(await countOf(url), 0);
  }));

Deno.test("a reset within the body cuts the answer of a request that was processed", () =>
  served(async ({ port, url }) => {
    const { head, body, end } = await exchange(port, "sandbox_reset=mid_body");
    assertStringIncludes(head, "201 Created");
    const length = Number(/content-length: (\d+)/i.exec(head)?.[1]);
    assert(body.length > 0 && body.length < length);
    assertEquals(end, "reset");
    assertEquals(await countOf(url), 1);
  }));

Deno.test("a reset within the body also cuts an answer without a body", () =>
  served(async ({ port }) => {
    const { head, end } = await exchange(port, "sandbox_status=404&sandbox_reset=mid_body");
    assertStringIncludes(head, "404 Not Found");
    assertEquals(end, "reset");
  }));

Deno.test("a stall sends the headers and half of the body, and keeps the connection open", () =>
  served(async ({ port }) => {
    const { head, body, end } = await exchange(port, "sandbox_stall=true", 1_000);
    assertStringIncludes(head, "201 Created");
    assert(body.startsWith('{"id":'));
    assertEquals(end, "timeout");
  }));

Deno.test("closing the sandbox closes stalled connections and ends delayed requests", async () => {
  let pending: Promise<{ end: string }>[] = [];
  await served(async ({ port }, sandbox) => {
    pending = ["sandbox_stall=true", "sandbox_delay_ms=60000"].map((query) =>
      exchange(port, query)
    );
    while (sandbox.requests().length < 2) await new Promise((go) => setTimeout(go, 5));
  });
  for (const { end } of await Promise.all(pending)) assert(end !== "timeout");
});

Deno.test("an error of the shape without Content-Type has none on the wire", () =>
  served(async ({ port }) => {
    const query = "sandbox_status=502&sandbox_shape=no_type";
    const { head, body } = await exchange(port, query);
    assertStringIncludes(head, "502 Bad Gateway");
    assertEquals(/content-type/i.test(head), false);
    assertEquals(Object.keys(JSON.parse(body)), ["code", "text"]);
  }));

Deno.test("gzip and huge bodies arrive whole, and an empty one has Content-Length 0", () =>
  served(async ({ url }) => {
    const get = (query: string) => fetch(`${url}/xms/v1/plan/batches?sandbox_status=503&${query}`);
    const gzip = await (await get("sandbox_shape=gzip")).json();
    assertEquals(Object.keys(gzip), ["code", "text"]);
    const huge = await (await get("sandbox_shape=huge")).text();
    assert(huge.length > 4 * 1024 * 1024);
    const empty = await get("sandbox_shape=empty");
    assertEquals([await empty.text(), empty.headers.get("content-length")], ["", "0"]);
  }));

Deno.test("a 404 has Content-Length 0, and the answer to a HEAD has no body", () =>
  served(async ({ url }) => {
    const headers = { authorization: "Bearer token" };
    const missing = await fetch(`${url}/xms/v1/plan/batches/UNKNOWN`, { headers });
    assertEquals([missing.status, await missing.text()], [404, ""]);
    assertEquals(missing.headers.get("content-length"), "0");
    const head = await fetch(`${url}/xms/v1/plan/batches`, { headers, method: "HEAD" });
    assertEquals([head.status, await head.text()], [200, ""]);
  }));

Deno.test("received requests are recorded byte for byte", () =>
  served(async ({ port }, sandbox) => {
    await exchange(port, "a=%7e%20&b=../x");
    const [request] = sandbox.requests();
    assertEquals(request?.path, "/xms/v1/plan/batches?a=%7e%20&b=../x");
    assertEquals(request?.headers["content-length"], String(MESSAGE.length));
    assertEquals(request?.body, MESSAGE);
  }));

Deno.test("listening on a port in use rejects, and a closed sandbox frees its port", async () => {
  const sandbox = createSandbox({ servicePlans: { plan: "token" } });
  const first = await serveSandbox(sandbox);
  await assertRejects(() => serveSandbox(sandbox, { port: first.port }), Error, "EADDRINUSE");
  await first.close();
  await (await serveSandbox(sandbox, { port: first.port })).close();
});

Deno.test("serving a sandbox does not change Deno.serve", () =>
  served(async () => {
    const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, () =>
      Response.json({ fine: true }));
    const response = await fetch(`http://127.0.0.1:${server.addr.port}`);
    assertEquals(await response.json(), { fine: true });
    await server.shutdown();
  }));
