import { assert, assertEquals } from "@std/assert";
import { delay } from "@std/async/delay";
import { rawUpstream, type Script } from "../support/raw_upstream.ts";
import { serveGateway } from "../support/served.ts";

const TIMEOUT_MS = 300;

/** With the longer one the body is still buffered at the deadline, with the shorter one streamed. */
const IDLE_TIMEOUTS_MS = [200, 60];

/** Answers each GET with a body that never ends and never pauses, and hangs up on each POST. */
const dripping: Script = async (connection) => {
  const request = await connection.readRequest();
  if (request?.method !== "GET") return connection.close();
  await connection.write("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n[");
  for (;;) {
    await delay(10);
    await connection.write(" ");
  }
};

const GROUP = "01FC66621VHDBN119Z8PMV1QPU";

for (
  const [what, body, statuses] of [
    ["the members of a group", { from: "ACME", to: [GROUP], body: "Hi" }, [503, 503]],
    [
      "the listing of a message",
      { to: ["46701234567"], body: "Hi", client_reference: "order-1" },
      [502, 502],
    ],
  ] as const
) {
  for (const idleMs of IDLE_TIMEOUTS_MS) {
    Deno.test(`${what} may take as long as the deadline, though bytes keep coming: idle timeout ${idleMs} ms`, async () => {
      await using upstream = await rawUpstream(dripping);
      await using gateway = await serveGateway({
        upstream: upstream.url,
        env: {
          POLICIES: '[{"name":"p","callers":["*"],"countries":["SE"]}]',
          UPSTREAM_TIMEOUT_MS: `${TIMEOUT_MS}`,
          UPSTREAM_IDLE_TIMEOUT_MS: `${idleMs}`,
        },
      });
      const startedAt = performance.now();
      const seen = [];
      for (let sends = 0; sends < statuses.length; sends++) {
        const response = await gateway.request("/xms/v1/plan-1/batches", {
          method: "POST",
          headers: { "content-type": "application/json", "idempotency-key": "key-1" },
          body: JSON.stringify(body),
        });
        await response.body?.cancel();
        seen.push(response.status);
      }
      assertEquals(seen, [...statuses]);
      const elapsedMs = performance.now() - startedAt;
      assert(elapsedMs < 10 * TIMEOUT_MS, `${elapsedMs} ms`);
      assert(upstream.requests.some(({ method }) => method === "GET"));
    });
  }
}
