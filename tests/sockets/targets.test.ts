import { assertEquals } from "@std/assert";
import { fetchTransport } from "../../upstream/fetch_transport.ts";
import { upstreamTarget } from "../../upstream/target.ts";
import type { Transport } from "../../upstream/transport.ts";
import { undiciTransport } from "../../upstream/undici_transport.ts";
import { answering, rawReply, rawUpstream } from "../support/raw_upstream.ts";

const TRANSPORTS: readonly [name: string, create: () => Transport][] = [
  ["undici", () => undiciTransport({ connectTimeoutMs: 1_000 })],
  ["fetch", () => fetchTransport()],
];

for (const [name, create] of TRANSPORTS) {
  Deno.test(`one transport over ${name} sends each request to its target, and reuses connections`, async () => {
    await using first = await rawUpstream(answering(rawReply(200, "first")));
    await using second = await rawUpstream(answering(rawReply(200, "second")));
    const transport = create();
    const bodies: string[] = [];
    for (const upstream of [first, second, first, second]) {
      const { body } = await transport.send({
        target: upstreamTarget(upstream.url),
        method: "GET",
        path: "/path",
        headers: {},
        body: null,
        timeoutMs: 5_000,
        idleTimeoutMs: 5_000,
      });
      bodies.push(body instanceof Uint8Array ? new TextDecoder().decode(body) : "a stream");
    }
    await transport.close();
    assertEquals(bodies, ["first", "second", "first", "second"]);
    for (const { requests, connections } of [first, second]) {
      assertEquals([requests.length, connections], [2, 1]);
    }
  });
}
