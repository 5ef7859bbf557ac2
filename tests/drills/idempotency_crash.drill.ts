import { assert, assertEquals } from "@std/assert";
import type { Drill } from "./kit/drill.ts";
import { type FaultPoint, MESSAGES, PAUSED, POINTS, WARM_UP } from "./kit/fault_points.ts";
import { startGateway } from "./kit/gateway_process.ts";
import { heldApi } from "./kit/held_api.ts";
import { inParallel } from "./kit/in_parallel.ts";
import { endingOf, repeatUntilFinal } from "./kit/keyed_post.ts";
import { needsRedis } from "./kit/needs_redis.ts";
import { pausedRedisStore, redisStore, sqliteStore, type StartStore } from "./kit/state_stores.ts";

/** The faults are reached within these deadlines; the lease ends 5.9 s after the claim. */
const SETTINGS = {
  UPSTREAM_TIMEOUT_MS: "2000",
  UPSTREAM_IDLE_TIMEOUT_MS: "200",
  STATE_TIMEOUT_MS: "1500",
};

async function killAt(point: FaultPoint, startStore: StartStore): Promise<string> {
  await using store = await startStore();
  await using api = await heldApi({
    isListed: (text) => text !== "not listed",
    isAnswered: (text) => text === WARM_UP.text,
  });
  const env = { ...SETTINGS, STATE_URL: store.url };
  const upstream = point.noHandshake ? api.url.replace("http:", "https:") : api.url;
  await using gateway = await startGateway({ upstream, env });
  const firsts = await point.reach({ store, api, gateway });
  gateway.abandon();
  gateway.signal("SIGKILL");
  await gateway.exited();
  for (const first of firsts) assertEquals((await first).status, point.firstStatus, point.name);
  store.unblock();
  api.answerPosts();

  await using restarted = await startGateway({ upstream: api.url, env });
  const seen = await inParallel(MESSAGES.map(async (message, index) => {
    const ending = endingOf(await repeatUntilFinal(restarted, message));
    const says = `${point.name}, ${message.text}: ${ending}`;
    assert(point.endings[index]?.includes(ending), says);
    const expected = point.timesSent + (ending === "sent" ? 1 : 0);
    assertEquals(api.times(message.text), expected, `${says}; times that the API has it`);
    const again = endingOf(await repeatUntilFinal(restarted, message));
    assertEquals(again, ending === "sent" ? "replayed" : ending, `${says}; and once more`);
    assertEquals(api.times(message.text), expected, `${says}; repeated`);
    return ending;
  }));
  return `${point.name}: ${seen.join(", ")}`;
}

async function sqlite(): Promise<string> {
  const seen = await inParallel(POINTS.map((point) => killAt(point, sqliteStore)));
  return seen.join("; ");
}

async function redis(): Promise<string> {
  const seen = await inParallel([
    ...POINTS.map((point) => killAt(point, redisStore)),
    killAt(PAUSED, pausedRedisStore),
  ]);
  return seen.join("; ");
}

const did =
  "kill -9 before the claim, before the POST, while the API works and after its answer; " +
  "then the same store and repeats of messages: listed, not listed, without a reference";
const promised = "no repeat is sent where the first may have been; a listed batch is found out";

export default [
  { name: "idempotency: kill -9, SQLite", did, promised, run: sqlite },
  { name: "idempotency: kill -9, Redis", did, promised, run: needsRedis(redis) },
] satisfies Drill[];
