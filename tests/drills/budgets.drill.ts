import { assert, assertEquals } from "@std/assert";
import { startRedis } from "../support/redis_server.ts";
import {
  budgetFor,
  partsAccepted,
  REFUSED,
  refusingApi,
  sendTo,
  usage,
} from "./kit/budget_world.ts";
import type { Drill } from "./kit/drill.ts";
import { fakeClock, libfaketime, NO_FAKETIME } from "./kit/fake_clock.ts";
import { drillIssuer, type GatewayProcess, startGateway } from "./kit/gateway_process.ts";
import { heldApi } from "./kit/held_api.ts";
import { needsRedis } from "./kit/needs_redis.ts";
import { until } from "./kit/until.ts";

const BUDGET = 200;
const SENDS = 240;

/** Sends to 1, 2 and 3 recipients in turn; every fourth message is refused by the API. */
async function shared(): Promise<string> {
  await using redis = await startRedis();
  await using api = await refusingApi();
  const env = {
    STATE_URL: `redis://127.0.0.1:${redis.port}`,
    // A busy machine is no reason to count by instance.
    STATE_TIMEOUT_MS: "5000",
    POLICIES: budgetFor({ per_day: BUDGET }),
    MAX_OUTSTANDING_PER_CALLER: "500",
  };
  await using first = await startGateway({ upstream: api.url, env });
  await using second = await startGateway({ upstream: api.url, env });
  await using third = await startGateway({ upstream: api.url, env });
  const gateways: readonly GatewayProcess[] = [first, second, third];
  const send = (index: number, recipients: number, text: string) =>
    sendTo(gateways[index % gateways.length] ?? first, recipients, { text });
  const answers = await Promise.all(
    Array.from(
      { length: SENDS },
      (_, index) => send(index, 1 + index % 3, index % 4 === 0 ? REFUSED : "hello"),
    ),
  );
  const seen = new Set(answers.map(({ status, code }) => `${status} ${code}`.trim()));
  assert(partsAccepted(api) <= BUDGET, `${partsAccepted(api)} parts of ${BUDGET}`);
  assertEquals(seen, new Set(["201", "403 unknown_campaign", "429 quota_exceeded"]));
  // What the API refused was given back: it can be used.
  let single = 0;
  while ((await send(single, 1, "hello")).status === 201) single++;
  assertEquals(partsAccepted(api), BUDGET);
  for (const gateway of gateways) {
    assertEquals(await usage(gateway), { used: BUDGET, left: 0, countedBy: "store" });
  }
  return `${SENDS} concurrent sends over 3 gateways, then ${single} single ones: ` +
    `the API accepted ${partsAccepted(api)} of ${BUDGET} message parts`;
}

async function killed(): Promise<string> {
  await using redis = await startRedis();
  await using api = await heldApi();
  const env = {
    STATE_URL: `redis://127.0.0.1:${redis.port}`,
    POLICIES: budgetFor({ per_day: 10 }),
  };
  await using gateway = await startGateway({ upstream: api.url, env });
  const sending = sendTo(gateway, 4);
  await until("the API has the message", () => api.posts() === 1);
  gateway.abandon();
  gateway.signal("SIGKILL");
  await gateway.exited();
  await sending;
  await using restarted = await startGateway({ upstream: api.url, env });
  assertEquals(await usage(restarted), { used: 4, left: 6, countedBy: "store" });
  const { status, code } = await sendTo(restarted, 7);
  assertEquals([status, code], [429, "quota_exceeded"]);
  return "after kill -9 with 4 of 10 parts under way: 4 used, 7 more are refused";
}

const USED = 40;

/** Waits for a line of the log, which is written a moment after what it tells. */
async function untilNoticed(gateway: GatewayProcess, words: string): Promise<void> {
  await until(`"${words}" is logged`, () => gateway.notices().some((line) => line.includes(words)));
}

async function storeKilled(): Promise<string> {
  await using redis = await startRedis();
  await using api = await refusingApi();
  const env = {
    STATE_URL: `redis://127.0.0.1:${redis.port}`,
    POLICIES: budgetFor({ per_day: 100 }),
  };
  await using first = await startGateway({ upstream: api.url, env });
  await using second = await startGateway({ upstream: api.url, env });
  for (let sends = 0; sends < USED; sends++) await sendTo(sends % 2 ? first : second, 1);
  await redis.kill();
  const allowed = [];
  for (const gateway of [first, second]) {
    const answers = await Promise.all(Array.from({ length: 90 }, () => sendTo(gateway, 1)));
    const seen = answers.map(({ status, code }) => `${status} ${code}`.trim());
    assertEquals(new Set(seen), new Set(["201", "429 quota_exceeded"]));
    allowed.push(seen.filter((answer) => answer === "201").length);
    assertEquals((await usage(gateway)).countedBy, "instance");
    await until("the metric tells who counts", async () => {
      const byInstance = 'counted_by="instance"';
      return await gateway.metric("sms_gateway_budget_reservations_total", byInstance) > 0;
    });
    await untilNoticed(gateway, "counted by this instance alone");
  }
  // The last that both heard of the store: 39 or 40 were used.
  assert(allowed.every((parts) => parts === 60 || parts === 61), allowed.join());
  await redis.start();
  let sentAgain = 0; // only a store that takes message parts again is believed
  await until("the store counts again", async () => {
    for (const gateway of [first, second]) {
      if ((await sendTo(gateway, 1)).status === 201) sentAgain++;
    }
    return (await usage(first)).countedBy === "store" &&
      (await usage(second)).countedBy === "store";
  }, 15_000);
  assertEquals((await usage(first)).used, USED + sentAgain);
  await untilNoticed(first, "counted in the state store again");
  return `with ${USED} of 100 parts used and Redis killed, each instance allowed ` +
    `${allowed.join(" and ")} more; when Redis was back, its ${USED} held`;
}

const HOUR_S = 3_600;

async function nextWindow(): Promise<string> {
  const library = await libfaketime();
  if (!library) return NO_FAKETIME;
  await using clock = await fakeClock(library);
  const halfPast = HOUR_S / 2 - Math.floor(Date.now() / 1_000) % HOUR_S; // far from the end
  await clock.set(halfPast);
  await using api = await refusingApi();
  const env = { ...clock.env, STATE_URL: "memory:", POLICIES: budgetFor({ per_hour: 3 }) };
  await using gateway = await startGateway({ upstream: api.url, env });
  const token = await (await drillIssuer()).token({ expiresInS: 5 * HOUR_S });
  const send = async () => await sendTo(gateway, 1, { token });
  const fill = async () => {
    for (let sends = 0; sends < 3; sends++) assertEquals((await send()).status, 201);
    const refused = await send();
    assertEquals([refused.status, refused.code], [429, "quota_exceeded"]);
    return Number(refused.headers["retry-after"]);
  };
  const waitS = await fill();
  assert(waitS > 0 && waitS <= HOUR_S, `${waitS}`);
  await clock.set(halfPast + waitS + 1);
  await until("the next hour begins", async () => (await usage(gateway, token)).left === 3);
  const nextS = await fill();
  assert(nextS > HOUR_S - 60, `${nextS}`);
  await clock.set(halfPast);
  await until("the clock is back", async () => {
    return Number((await send()).headers["retry-after"]) <= waitS;
  });
  assertEquals((await send()).status, 429);
  return `after Retry-After ${waitS} s the next hour had its budget; set back, the first was used up`;
}

export default [
  {
    name: "budgets: shared by three gateways",
    did: "3 gateways with one Redis get 240 concurrent sends against one budget; the API refuses " +
      "every fourth",
    promised: "the API accepts exactly the budget, never more; what it refuses is given back",
    run: needsRedis(shared),
  },
  {
    name: "budgets: kill -9",
    did: "a gateway is killed (kill -9) while the API has a message",
    promised: "its message parts stay used",
    run: needsRedis(killed),
  },
  {
    name: "budgets: Redis killed",
    did: "Redis is killed (kill -9) under two gateways that have used a part of a budget",
    promised: "no send fails; each instance allows what was left, and reports that it counts alone",
    run: needsRedis(storeKilled),
  },
  {
    name: "budgets: next window",
    did: "the clock passes the end of an hour, and is set back",
    promised: "after Retry-After the budget is whole; an hour that was used up stays so",
    run: nextWindow,
  },
] satisfies Drill[];
