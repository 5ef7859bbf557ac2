import { assert, assertEquals } from "@std/assert";
import type { Drill } from "./kit/drill.ts";
import { type GatewayProcess, startGateway } from "./kit/gateway_process.ts";
import { Sender, startCallers } from "./kit/keyed_callers.ts";
import { needsRedis } from "./kit/needs_redis.ts";
import {
  cutReplication,
  type ReplicatedCluster,
  restoreReplication,
  startReplicatedCluster,
} from "./kit/replicated_cluster.ts";
import { isSent, sendAll, sendUntil, sent } from "./kit/send_until.ts";
import { assertSentOnce, countingUpstream, timesSent } from "./kit/sent_once.ts";
import { until } from "./kit/until.ts";

/** A quarter of it is for replicas, which a busy machine may delay. */
const STATE_TIMEOUT_MS = 1_000;

const RECOVERED_WITHIN_MS = 20_000;

/** Starts a gateway that wants so many replicas to have a claim. */
function startWith(
  replicas: number,
  { stateUrl }: ReplicatedCluster,
  upstream: string,
): Promise<GatewayProcess> {
  return startGateway({
    upstream,
    env: {
      STATE_URL: stateUrl,
      STATE_REPLICAS: String(replicas),
      STATE_TIMEOUT_MS: String(STATE_TIMEOUT_MS),
    },
  });
}

async function failover(): Promise<string> {
  await using cluster = await startReplicatedCluster();
  await using upstream = await countingUpstream();
  await using first = await startWith(1, cluster, upstream.url);
  await using second = await startWith(1, cluster, upstream.url);
  const target = { ports: [first.port, second.port], token: first.token };
  const keyed = startCallers({ ...target, callers: 12, prefix: "keyed" });
  const unkeyed = startCallers({ ...target, callers: 4, prefix: "unkeyed", keyed: false });
  await until("keyed sends work", () => sent(keyed.answers) > 200, RECOVERED_WITHIN_MS);
  await cluster.first.kill();
  const killedAt = performance.now();
  const promoted = await cluster.promoted();
  const promotedMs = performance.now() - killedAt;
  const records = Number(await promoted.cli("DBSIZE"));
  await until("its keyed sends go on", async () => {
    return Number(await promoted.cli("DBSIZE")) > records + 20;
  }, RECOVERED_WITHIN_MS);
  const answers = await keyed.end();
  assertSentOnce(answers, upstream);
  const others = await unkeyed.end();
  assertEquals(new Set(others.map(({ status }) => status)), new Set([201]), "without a key");
  const refused = answers.filter(({ status }) => status === 503).length;
  assert(refused > 0, "no send met the node that was killed");

  const ids = [...new Set(answers.map(({ id }) => id))];
  const outcomes: number[] = [];
  for (const gateway of [first, second]) {
    await using sender = new Sender({ ports: [gateway.port], token: gateway.token });
    const repeats = await sendUntil(sender, ids, ({ status }) => status !== 503);
    outcomes.push(...repeats.map(({ status }) => status));
  }
  // An outcome that the killed node had not replicated is unknown: its message is not sent again.
  assertEquals(outcomes.filter((status) => ![201, 409, 502].includes(status)), []);
  const replayed = outcomes.filter((status) => status === 201).length;
  assertEquals(ids.filter((id) => timesSent(upstream).get(id) !== 1), [], "sent again");
  return `failover after ${Math.round(promotedMs)} ms: ${ids.length} keyed sends, each 1 POST, ` +
    `also after a repeat of each at both gateways (${replayed} of ${outcomes.length} replayed); ` +
    `${refused} times 503, then sent; ${others.length} sends without a key, all 201`;
}

/** A third of them belongs to the node that is killed. */
const MESSAGES = Array.from({ length: 40 }, (_, n) => n + 1);
const UNCONFIRMED = MESSAGES.map((n) => `unconfirmed-${n}`);
const CONFIRMED = MESSAGES.map((n) => `confirmed-${n}`);

async function loss(): Promise<string> {
  await using cluster = await startReplicatedCluster();
  await using upstream = await countingUpstream();
  await using without = await startWith(0, cluster, upstream.url);
  await using withReplica = await startWith(1, cluster, upstream.url);
  await using anyway = new Sender({ ports: [without.port], token: without.token });
  await using safely = new Sender({ ports: [withReplica.port], token: withReplica.token });
  const times = (id: string) => timesSent(upstream).get(id) ?? 0;
  for (const replica of cluster.replicas) await cutReplication(replica);

  // STATE_REPLICAS=0: the claim is acknowledged by the master alone.
  await sendUntil(anyway, UNCONFIRMED, isSent);
  const atRisk = Number(await cluster.first.cli("DBSIZE"));
  assert(atRisk > 0, "no message belongs to the node that is killed");
  // STATE_REPLICAS=1: no replica has the claim, so nothing is sent.
  const refused = (await sendAll(safely, CONFIRMED)).filter(({ status }) => status !== 201);
  assert(refused.length > 0, "no message belongs to the node without replicas");
  assertEquals(new Set(refused.map(({ code }) => code)), new Set(["idempotency_unavailable"]));
  assertEquals(refused.map(({ id }) => times(id)), refused.map(() => 0), "sent unconfirmed");
  await until("claims that are not confirmed are released", async () => {
    return Number(await cluster.first.cli("DBSIZE")) === atRisk;
  });

  await cluster.first.kill();
  await cluster.promoted();
  await sendUntil(anyway, UNCONFIRMED, isSent);
  const twice = UNCONFIRMED.filter((id) => times(id) === 2).length;
  assertEquals(twice, atRisk, "messages of the lost records that were sent twice");
  assertEquals(UNCONFIRMED.filter((id) => times(id) === 1).length, MESSAGES.length - twice);

  const repeats = await sendAll(safely, refused.map(({ id }) => id));
  assert(sent(repeats) < repeats.length, "sent by the new master, which has no replica");
  assertEquals(repeats.filter((repeat) => times(repeat.id) !== Number(isSent(repeat))), []);
  for (const replica of cluster.replicas) {
    if (replica !== await cluster.promoted()) await restoreReplication(replica);
  }
  await sendUntil(safely, CONFIRMED, isSent);
  assertEquals(CONFIRMED.filter((id) => times(id) !== 1), [], "not sent exactly once");
  return `STATE_REPLICAS=0: ${atRisk} of ${MESSAGES.length} records were lost, and exactly these ` +
    `messages were sent twice (2 POSTs); STATE_REPLICAS=1: ${refused.length} of ` +
    `${MESSAGES.length} got 503 before anything was sent, and when a replica was back each ` +
    `of the ${MESSAGES.length} was sent once`;
}

export default [
  {
    name: "idempotency: Cluster failover",
    did: "a master is killed under load, and a replica takes over; STATE_REPLICAS=1",
    promised: "each message with a key is sent once, those of the killed master after the failover",
    run: needsRedis(failover),
  },
  {
    name: "idempotency: Cluster, replicas behind",
    did: "a master is killed whose replicas get no data, with STATE_REPLICAS=0 and 1",
    promised: "0: repeats of what the failover lost are sent again; 1: nothing is sent that it " +
      "could lose",
    run: needsRedis(loss),
  },
] satisfies Drill[];
