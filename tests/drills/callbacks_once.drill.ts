import { assert, assertEquals } from "@std/assert";
import { delay } from "@std/async/delay";
import { deliver, postCallback, report } from "./kit/callback_api.ts";
import { startService } from "./kit/callback_service.ts";
import { callbackSettings } from "./kit/callback_settings.ts";
import type { Drill } from "./kit/drill.ts";
import { type GatewayProcess, startGateway } from "./kit/gateway_process.ts";
import { inParallel } from "./kit/in_parallel.ts";
import { needsRedis } from "./kit/needs_redis.ts";
import { closedPort } from "./kit/raw_upstream.ts";
import { redisStore, sqliteStore } from "./kit/state_stores.ts";
import { until } from "./kit/until.ts";

const NO_UPSTREAM = `http://127.0.0.1:${closedPort()}`;

/** Generous, since the machine may be busy: a store that is late is a 503. */
const STATE_TIMEOUT_MS = "750";

function start(CALLBACKS: string, STATE_URL: string): Promise<GatewayProcess> {
  const env = { CALLBACKS, STATE_URL, STATE_TIMEOUT_MS };
  return startGateway({ upstream: NO_UPSTREAM, env });
}

/** Callbacks that the service has when the gateway dies. */
const IN_FLIGHT = 10;

async function killed(): Promise<string> {
  await using store = await sqliteStore();
  const held = Promise.withResolvers<void>();
  let isHolding = false;
  await using service = startService({
    async answer() {
      if (isHolding) await held.promise;
      return 200;
    },
  });
  const settings = callbackSettings(service.url, { relay_timeout_ms: 1_000 });
  let gateway = await start(settings, store.url);
  const bodies = Array.from({ length: 2 * IN_FLIGHT }, (_, index) => report(index));
  const [before, during] = [bodies.slice(0, IN_FLIGHT), bodies.slice(IN_FLIGHT)];
  const port = () => gateway.port;
  const acknowledged = await inParallel(before.map((body) => deliver(body, { port })));
  assertEquals([...new Set(acknowledged.map(({ statuses }) => statuses.at(-1)))], [200]);
  const relayedBefore = service.received.length;
  isHolding = true;
  const delivering = inParallel(during.map((body) => deliver(body, { port })));
  await until("the service has all", () => service.received.length >= relayedBefore + IN_FLIGHT);
  gateway.abandon();
  gateway.signal("SIGKILL");
  await gateway.exited();
  isHolding = false;
  held.resolve();
  gateway = await start(settings, store.url);
  const deliveries = await delivering;
  const ends = deliveries.map(({ statuses }) => statuses.at(-1));
  assertEquals([...new Set(ends)], [200]);
  const again = await inParallel(before.map((body) => postCallback(gateway.port, body)));
  assertEquals([...new Set(again)], [200]);
  await gateway[Symbol.asyncDispose]();
  const taken = service.taken();
  assertEquals(taken.size, bodies.length);
  const after = new Set(service.received.slice(relayedBefore).map(({ body }) => body));
  assertEquals(before.filter((body) => after.has(body)), [], "relayed again after its 200");
  for (const body of during) {
    const ids = service.received.filter((one) => one.body === body).map(({ id }) => id);
    assert(new Set(ids).size === 1, `${ids}`);
  }
  return `${IN_FLIGHT} callbacks were with the service when the gateway was killed: all taken and ` +
    `acknowledged later, each under one webhook-id; of ${IN_FLIGHT} acknowledged before, ` +
    "none was relayed again";
}

const SHARED = 100;

/** How long the service takes for a callback, in ms. */
const SERVICE_MS = 50;

async function twoInstances(): Promise<string> {
  await using store = await redisStore();
  await using service = startService({
    async answer() {
      await delay(SERVICE_MS);
      return 200;
    },
  });
  const settings = callbackSettings(service.url);
  await using first = await start(settings, store.url);
  await using second = await start(settings, store.url);
  const bodies = Array.from({ length: SHARED }, (_, index) => report(index));
  // The other instance gets each while the first is relaying it.
  const deliveries = await inParallel(bodies.flatMap((body, index) => {
    const [one, other] = index % 2 === 0 ? [first, second] : [second, first];
    return [
      deliver(body, { port: () => one.port }),
      delay(SERVICE_MS / 2).then(() => deliver(body, { port: () => other.port })),
    ];
  }));
  const ends = deliveries.map(({ statuses }) => statuses.at(-1));
  assertEquals([...new Set(ends)], [200]);
  assertEquals(service.received.length, SHARED, "relayed");
  assertEquals(service.taken().size, SHARED);
  const relayed = await Promise.all(
    [first, second].map((gateway) =>
      gateway.metric("sms_gateway_callbacks_total", 'outcome="relayed"')
    ),
  );
  // Which of them relays more depends on the machine.
  assertEquals(relayed.reduce((sum, count) => sum + count), SHARED);
  return `${SHARED} callbacks, each to both instances at once: relayed once each, ${
    relayed.join(" and ")
  } by instance, all acknowledged twice`;
}

const POSTS = 10_000;
const DISTINCT = 7_000;
const AT_ONCE = 32;

async function many(): Promise<string> {
  await using service = startService();
  await using gateway = await start(callbackSettings(service.url), "memory:");
  const distinct = Array.from({ length: DISTINCT }, (_, index) => report(index));
  const duplicates = distinct.slice(0, POSTS - DISTINCT);
  const waiting = [...distinct, ...duplicates].map((body) => ({ body, order: Math.random() }))
    .toSorted((a, b) => a.order - b.order).values();
  const ends: (number | undefined)[] = [];
  await inParallel(Array.from({ length: AT_ONCE }, async () => {
    for (const { body } of waiting) {
      const { statuses } = await deliver(body, { port: () => gateway.port });
      ends.push(statuses.at(-1));
    }
  }));
  assertEquals([ends.length, ...new Set(ends)], [POSTS, 200]);
  assertEquals([service.received.length, service.taken().size], [DISTINCT, DISTINCT]);
  const delivered = await gateway.metric("sms_gateway_deliveries_total");
  assertEquals(delivered, DISTINCT, "counted as delivered");
  return `${POSTS} callbacks in random order, ${POSTS - DISTINCT} of them duplicates: all ` +
    `acknowledged, ${DISTINCT} relayed and counted once`;
}

export default [
  {
    name: "callbacks: gateway killed",
    did: "the gateway is killed after the service has a callback and before it has answered",
    promised: "nothing is acknowledged that was not taken, and nothing relayed again that was " +
      "acknowledged; repeats have the same webhook-id",
    run: killed,
  },
  {
    name: "callbacks: two instances",
    did: "every callback comes to two instances with one Redis at the same time",
    promised: "each is relayed once",
    run: needsRedis(twoInstances),
  },
  {
    name: "callbacks: 10,000",
    did: "10,000 callbacks come in random order, with duplicates, 32 at a time",
    promised: "each is relayed once, and acknowledged each time",
    run: many,
    timeoutMs: 240_000, // 15 s on an idle machine
  },
] satisfies Drill[];
