/** What an operator sees of a Redis that ends, comes back, and hangs: a real gateway process. */

import { assertEquals } from "@std/assert";
import { type GatewayProcess, startGateway } from "../observability/gateway_process.ts";
import { sendWithKey, STORE_OUTAGE, storeLines } from "../observability/keyed_send.ts";
import { parseMetrics, total } from "../observability/prometheus_text.ts";
import { until } from "../observability/until.ts";
import { answering, rawReply, rawUpstream } from "../support/raw_upstream.ts";
import { type RedisServer, startRedis } from "../support/redis_server.ts";

/** How Redis stops answering, and how that ends. */
const OUTAGES: Readonly<
  Record<string, [begin: (redis: RedisServer) => unknown, end: (redis: RedisServer) => unknown]>
> = {
  "is killed and started again": [(redis) => redis.kill(), (redis) => redis.start()],
  "hangs and continues": [(redis) => redis.stop(), (redis) => redis.continue()],
};

for (const [what, [begin, end]] of Object.entries(OUTAGES)) {
  Deno.test(`while Redis ${what}, each change is logged once, and seen without further requests`, async () => {
    await using redis = await startRedis();
    await using upstream = await rawUpstream(answering(rawReply(201, "{}")));
    await using gateway = await startGateway({
      upstream: upstream.url,
      // Longer than the default, which a busy machine can exceed at the first request.
      env: { STATE_URL: `redis://127.0.0.1:${redis.port}`, STATE_TIMEOUT_MS: "1000" },
    });
    await until("the first answer", async () => await sendWithKey(gateway, "a") === 201);
    await until("the answer to be stored", async () => await sendWithKey(gateway, "a") === 201);
    for (let outages = 0; outages < 2; outages++) {
      await begin(redis);
      // Together: changes are logged once, however many requests notice them.
      const statuses = await Promise.all(
        Array.from({ length: 8 }, () => sendWithKey(gateway, "a")),
      );
      assertEquals(new Set(statuses), new Set([503]));
      assertEquals(await seen(gateway), [200, ["state_unavailable"], 0]);
      await end(redis);
      await until("a store that answers", async () => (await seen(gateway))[2] === 1);
      assertEquals(await seen(gateway), [200, undefined, 1]);
      assertEquals(await sendWithKey(gateway, "a"), 201);
    }
    assertEquals(upstream.requests.length, 1);
    const { stdout } = await gateway.stop();
    assertEquals(storeLines(stdout), [...STORE_OUTAGE, ...STORE_OUTAGE]);
  });
}

/** Status and reasons of `/readyz`, and the gauge. */
async function seen({ url }: GatewayProcess): Promise<[number, string[] | undefined, number]> {
  const ready = await fetch(`${url}/readyz`);
  const metrics = parseMetrics(await (await fetch(`${url}/metrics`)).text());
  return [
    ready.status,
    (await ready.json()).reasons,
    total(metrics, "sms_gateway_state_reachable"),
  ];
}
