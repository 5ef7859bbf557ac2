import { assert, assertEquals } from "@std/assert";
import { delay } from "@std/async/delay";
import { ulid } from "@std/ulid";
import { deliver, type Delivery, postCallback, report } from "./kit/callback_api.ts";
import { type CallbackService, startService } from "./kit/callback_service.ts";
import { callbackSettings } from "./kit/callback_settings.ts";
import type { Drill } from "./kit/drill.ts";
import { startGateway } from "./kit/gateway_process.ts";
import { inParallel } from "./kit/in_parallel.ts";
import { closedPort } from "./kit/raw_upstream.ts";
import { until } from "./kit/until.ts";

/** Nothing is sent in these drills. */
const NO_UPSTREAM = `http://127.0.0.1:${closedPort()}`;

const CALLBACKS = 40;

/** An hour of the API, a thousandth of it. */
const HOUR_MS = 3_600;

function start(CALLBACKS: string) {
  return startGateway({ upstream: NO_UPSTREAM, env: { CALLBACKS, MAX_IN_FLIGHT: "500" } });
}

const reports = () => Array.from({ length: CALLBACKS }, (_, index) => report(index));

/** Fails unless each was acknowledged, and taken by the service once. */
function assertTakenOnce(deliveries: readonly Delivery[], service: CallbackService): void {
  const ends = deliveries.map(({ statuses }) => statuses.at(-1));
  assertEquals([...new Set(ends)], [200], "acknowledged in the end");
  const taken = service.taken();
  assertEquals(taken.size, deliveries.length, "taken by the service");
  assertEquals([...taken.values()].filter((times) => times !== 1), [], "taken more than once");
}

async function serviceDown(): Promise<string> {
  const port = closedPort();
  await using gateway = await start(callbackSettings(`http://127.0.0.1:${port}/`));
  const delivering = inParallel(
    reports().map((body, index) =>
      deliver(body, { port: () => gateway.port, signsAnew: index % 2 === 0 })
    ),
  );
  await delay(HOUR_MS);
  await using service = startService({ port });
  const deliveries = await delivering;
  assertTakenOnce(deliveries, service);
  const attempts = deliveries.flatMap(({ statuses }) => statuses);
  assertEquals([...new Set(attempts)].toSorted(), [200, 503]);
  return `${CALLBACKS} callbacks in ${attempts.length} attempts, each 503 until the service was ` +
    "back, then 200, and taken once; half of them were signed once for all attempts";
}

async function serviceSlow(): Promise<string> {
  const held = Promise.withResolvers<number>();
  await using slow = startService({ answer: () => held.promise });
  await using quick = startService();
  const settings = callbackSettings(quick.url, {
    others: { slow: slow.url, slower: slow.url },
    relay_timeout_ms: 300,
    max_outstanding: 20,
  });
  await using gateway = await start(settings);
  const port = () => gateway.port;
  const inbound = (to: string) => JSON.stringify({ type: "mo_text", to, id: ulid(), body: "Hi" });
  const toSlow = inParallel(
    Array.from(
      { length: CALLBACKS },
      (_, index) => deliver(inbound(String(1 + index % 2)), { port }),
    ),
  );
  await until("the slow service is asked", () => slow.received.length > 0);
  const toQuick = await inParallel(reports().map((body) => deliver(body, { port })));
  assertTakenOnce(toQuick, quick);
  await delay(1_000);
  assertEquals(slow.taken().size, 0);
  held.resolve(200);
  const deliveries = await toSlow;
  const statuses = deliveries.map(({ statuses }) => statuses.at(-1));
  assertEquals([...new Set(statuses)], [200]);
  for (const { body } of deliveries) {
    const ids = slow.received.filter((one) => one.body === body).map(({ id }) => id);
    assertEquals(new Set(ids).size, 1, "a repeat has another webhook-id");
  }
  const longest = Math.max(...toQuick.map(({ ms }) => ms));
  return `while two services did not answer, ${CALLBACKS} callbacks of a third were taken once, ` +
    `the last after ${Math.round(longest)} ms; those of the slow ones were 503 or 429, and taken ` +
    `when they answered, each under one webhook-id`;
}

async function serviceRefuses(): Promise<string> {
  let status = 400;
  await using service = startService({ answer: () => status });
  await using gateway = await start(callbackSettings(service.url));
  const delivering = inParallel(
    reports().map((body) => deliver(body, { port: () => gateway.port })),
  );
  await until("each is refused", () => service.received.length > 2 * CALLBACKS);
  assertEquals(service.taken().size, 0);
  status = 200;
  const deliveries = await delivering;
  assertTakenOnce(deliveries, service);
  const attempts = deliveries.flatMap(({ statuses }) => statuses);
  assertEquals([...new Set(attempts)].toSorted(), [200, 503]);
  return `${
    service.received.length - CALLBACKS
  } times 400 by the service, each a 503 for the API; ` +
    "then each callback was taken once";
}

async function forged(): Promise<string> {
  await using service = startService();
  await using gateway = await start(callbackSettings(service.url, { max_age_s: 60 }));
  const now = Math.floor(Date.now() / 1_000);
  const body = report(0);
  const nonce = ulid();
  const post = (text: string, parts: Parameters<typeof postCallback>[2]) =>
    postCallback(gateway.port, text, parts);
  const statuses = await inParallel([
    post(body, { secret: "another" }),
    post(body, { secret: "" }),
    post(body, { timestamp: String(now - 70) }),
    post(body, { timestamp: String(now + 70) }),
    post(body, { timestamp: "now" }),
    post(body, { nonce: "" }),
  ]);
  assertEquals([...new Set(statuses)], [401]);
  assertEquals(service.received.length, 0, "relayed");
  const parts = { nonce, timestamp: String(now) };
  assertEquals(await post(body, parts), 200);
  const replays = await inParallel(Array.from({ length: 20 }, () => post(body, parts)));
  assertEquals([...new Set(replays)], [401]);
  assertEquals(service.received.length, 1);
  const refused = await gateway.metric("sms_gateway_callback_refusals_total");
  assert(refused === statuses.length + replays.length, `${refused} refusals are counted`);
  return `${statuses.length} with a wrong signature, time or nonce and ${replays.length} replays ` +
    "of a relayed one: all 401, none relayed, all counted";
}

export default [
  {
    name: "callbacks: service down",
    did: "a service is down for an hour, of which each second takes 1 ms, while callbacks come",
    promised: "503 until it is back, so that the API repeats them; then each is taken once",
    run: serviceDown,
  },
  {
    name: "callbacks: service slow",
    did: "two of three services do not answer",
    promised: "their callbacks are 503 or 429 in time, those of the third are taken",
    run: serviceSlow,
  },
  {
    name: "callbacks: service refuses",
    did: "a service answers 400",
    promised: "503, so that the API repeats them; then each is taken once",
    run: serviceRefuses,
  },
  {
    name: "callbacks: forged, replayed, old",
    did: "callbacks come with wrong signatures, times and nonces, and relayed ones again",
    promised: "401, nothing is relayed",
    run: forged,
  },
] satisfies Drill[];
