import { assertEquals } from "@std/assert";
import { delay } from "@std/async/delay";
import { Pool } from "undici";
import type { Drill } from "./kit/drill.ts";
import { type FaultyApi, faultyApi, UPSTREAM_TIMEOUT_MS } from "./kit/faulty_api.ts";
import { type GatewayProcess, startGateway } from "./kit/gateway_process.ts";
import { type CallerView, sendWithRepeats } from "./kit/keyed_caller.ts";
import { needsRedis } from "./kit/needs_redis.ts";
import { closedPort } from "./kit/raw_upstream.ts";
import { seed } from "./kit/seed.ts";
import { redisStore } from "./kit/state_stores.ts";
import { tally, tallyTable, total } from "./kit/tally.ts";

const SENDS = Number(Deno.env.get("DRILL_SENDS") ?? 1_500);
const GATEWAYS = 2;

/** Enough to go on while some wait for a lease. */
const CALLERS = 100;

/** After so many messages a gateway is killed: a restart takes the time of many of them. */
const MESSAGES_PER_KILL = Math.max(1_500, SENDS / 20);

/** The lease ends 3.5 s after the claim. The breaker would keep most faults away. */
const SETTINGS = {
  UPSTREAM_TIMEOUT_MS: String(UPSTREAM_TIMEOUT_MS),
  UPSTREAM_IDLE_TIMEOUT_MS: "100",
  STATE_TIMEOUT_MS: "500",
  BREAKER_FAILURES: "0",
  MAX_OUTSTANDING_PER_CALLER: String(2 * CALLERS),
};

/** Gateways of which one after the other is killed and started again, as messages are begun. */
async function startFleet(
  { env, upstream, begun }: { env: Record<string, string>; upstream: string; begun: () => number },
) {
  const starts = Array.from({ length: GATEWAYS }, () => {
    const port = closedPort();
    return () => startGateway({ upstream, env: { ...SETTINGS, ...env, PORT: String(port) } });
  });
  const gateways = await Promise.all(starts.map((start) => start()));
  let isOver = false;
  let kills = 0;

  async function killAndStart(index: number): Promise<void> {
    const [gateway, start] = [gateways[index], starts[index]];
    if (!gateway || !start) return;
    gateway.abandon();
    gateway.signal("SIGKILL");
    await gateway.exited();
    gateways[index] = await start();
  }

  const killing = (async () => {
    for (; !isOver; await delay(20)) {
      if (begun() >= (kills + 1) * MESSAGES_PER_KILL) await killAndStart(kills++ % GATEWAYS);
    }
  })();
  killing.catch(() => {}); // its failure is that of the end of the fleet
  return {
    gateways: gateways as readonly GatewayProcess[],
    kills: () => kills,
    async [Symbol.asyncDispose]() {
      isOver = true;
      await killing;
      for (const gateway of gateways) await gateway[Symbol.asyncDispose]();
    },
  };
}

/** Sends all messages, by many callers at once. */
async function sendAll(
  gateways: readonly GatewayProcess[],
  progress: { begun: number },
): Promise<CallerView[]> {
  const token = gateways[0]?.token ?? "";
  const pools = gateways.map(({ port }) =>
    new Pool(`http://127.0.0.1:${port}`, { connections: CALLERS })
  );
  const views: CallerView[] = [];
  const callers = Array.from({ length: CALLERS }, async () => {
    while (progress.begun < SENDS) {
      const text = `message-${progress.begun++}`;
      views.push(await sendWithRepeats(text, { gateways: pools, token, seed: seed() }));
    }
  });
  await Promise.all(callers);
  await Promise.all(pools.map((pool) => pool.destroy()));
  return views;
}

async function random(): Promise<string> {
  await using store = await redisStore({ args: ["--appendonly", "no"] });
  await using api: FaultyApi = await faultyApi(seed());
  let views: CallerView[];
  let kills: number;
  {
    const progress = { begun: 0 };
    await using fleet = await startFleet({
      env: { STATE_URL: store.url },
      upstream: api.url,
      begun: () => progress.begun,
    });
    views = await sendAll(fleet.gateways, progress);
    kills = fleet.kills();
  }
  await delay(2 * UPSTREAM_TIMEOUT_MS); // the API may still process what it was late with
  const rows = tally(views, api);
  const sum = total(rows);
  // deno-lint-ignore no-console -- too long for the table of all drills
  console.log(tallyTable(rows));
  const { twice, lost, refusedButHeld, otherId } = sum;
  const seeded = `DRILL_SEED=${seed()}`;
  assertEquals({ twice, lost, refusedButHeld, otherId }, {
    twice: 0,
    lost: 0,
    refusedButHeld: 0,
    otherId: 0,
  }, seeded);
  const requests = views.reduce((count, view) => count + view.requests, 0);
  return `${SENDS} messages in ${requests} requests, ${kills} kill -9: sent once ${sum.once}, ` +
    `sent twice 0, lost 0, unknown ${sum.unknown}, found out ${sum.foundOut}, refused ` +
    `${sum.refused} (${seeded})`;
}

export default [
  {
    name: "idempotency: random faults",
    did: "many callers repeat messages at random gateways, which are killed, while the API fails",
    promised: "none is sent twice; 201 means held by the API, a refusal that it is not",
    run: needsRedis(random),
    timeoutMs: 120_000 + 20 * SENDS,
  },
] satisfies Drill[];
