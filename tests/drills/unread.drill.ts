import { assert, assertEquals } from "@std/assert";
import { delay } from "@std/async/delay";
import { PATHS } from "../../reference/paths.ts";
import { call, requestBytes } from "./kit/client.ts";
import type { Drill } from "./kit/drill.ts";
import { type GatewayProcess, PLAN, startGateway } from "./kit/gateway_process.ts";
import { type RawUpstream, rawUpstream } from "./kit/raw_upstream.ts";
import { requestUnreadHttp1, requestUnreadHttp2 } from "./kit/unread_responses.ts";
import { until } from "./kit/until.ts";

const BATCHES = `/xms/v1/${PLAN}/batches`;
const LARGEST = PATHS.openapi;
const CONNECTIONS = 5;
const ROUNDS = 4;

/** Maximum growth by all unread responses together, in MiB; several times that without a bound. */
const MOST_MEBIBYTES = 160;

/** Maximum growth by a round when all slots are occupied, in MiB: its connections, and garbage. */
const MOST_OF_A_ROUND = 25;

/** An API whose lists have 60 kB. */
function longLists(): Promise<RawUpstream> {
  return rawUpstream({
    onRequest: ({ method }, wire) =>
      method === "GET" ? wire.reply(200, { list: "x".repeat(60_000) }) : wire.reply(201, {}),
  });
}

/** Checks that another caller and probes are served; returns the longest latency in ms. */
async function othersAreServed(gateway: GatewayProcess): Promise<number> {
  const token = await gateway.issuer.token({ subject: "another" });
  const answers = await Promise.all([
    gateway.post("message", { token }),
    gateway.call("/batches", { token }),
    call(gateway.port, "/livez", {}),
  ]);
  assertEquals(answers.map(({ status, whole }) => [status, whole]), [
    [201, true],
    [200, true],
    [200, true],
  ]);
  return Math.max(...answers.map(({ ms }) => ms));
}

/** Result of several rounds of unread responses. */
interface Rounds {
  statuses: Record<string, number>;
  seen: string;
}

/** Sends requests on new connections in each round, with and without `Host`; all stay open. */
async function unreadRounds(
  gateway: GatewayProcess,
  headers: Record<string, string>,
): Promise<Rounds> {
  const atStart = await gateway.mebibytes();
  const statuses: Record<string, number> = {};
  const sizes = [atStart];
  const leave: (() => void)[] = [];
  let slowest = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const host = round % 2 === 0 ? undefined : { host: "gateway.test" };
    const unread = await requestUnreadHttp2(gateway.port, CONNECTIONS, { ...headers, ...host });
    leave.push(unread.leave);
    for (const [status, count] of unread.statuses) {
      statuses[status] = (statuses[status] ?? 0) + count;
    }
    slowest = Math.max(slowest, await othersAreServed(gateway));
    sizes.push(await gateway.mebibytes());
  }
  for (const hangUp of leave) hangUp();
  const last = (sizes.at(-1) ?? 0) - (sizes.at(-2) ?? 0);
  const seen = `${sizes.map(Math.round).join(" → ")} MiB, ${JSON.stringify(statuses)}, ` +
    `others were served within ${slowest} ms`;
  assert((sizes.at(-1) ?? 0) - atStart < MOST_MEBIBYTES && last < MOST_OF_A_ROUND, seen);
  return { statuses, seen };
}

async function largestPage(): Promise<string> {
  await using upstream = await longLists();
  await using gateway = await startGateway({ upstream: upstream.url });
  const { statuses, seen } = await unreadRounds(gateway, { ":path": LARGEST });
  assertEquals(statuses["200"], 64);
  await until("the reference is served", async () => {
    const { status, whole } = await call(gateway.port, LARGEST, {});
    return status === 200 && whole;
  });
  return seen;
}

/** Paths, and the status without a token. */
const SMALL: readonly [path: string, status: string][] = [
  ["/livez", "200"],
  ["/nothing", "404"],
  [BATCHES, "401"],
];

async function smallAnswers(): Promise<string> {
  await using upstream = await longLists();
  await using gateway = await startGateway({ upstream: upstream.url });
  const all: string[] = [];
  for (const [path, status] of SMALL) {
    const { statuses, seen } = await unreadRounds(gateway, { ":path": path });
    assertEquals(statuses, { [status]: ROUNDS * CONNECTIONS * 200 });
    all.push(`${path}: ${seen}`);
  }
  await until(
    "a refusal has its body",
    async () => (await call(gateway.port, BATCHES, {})).code === "unauthorized",
  );
  return all.join("; ");
}

async function oneCaller(): Promise<string> {
  await using upstream = await longLists();
  await using gateway = await startGateway({ upstream: upstream.url });
  const headers = { ":path": BATCHES, authorization: `Bearer ${gateway.token}` };
  const { statuses, seen } = await unreadRounds(gateway, headers);
  assertEquals(statuses["200"], 100);
  await until(
    "the caller is served when it has left",
    async () => (await gateway.call("/batches")).status === 200,
  );
  return seen;
}

const SHARE = 10;

/** Requests per connection: their responses of 24 MB exceed the socket buffers. */
const PIPELINED = 400;

async function pipelined(): Promise<string> {
  await using upstream = await longLists();
  await using gateway = await startGateway({
    upstream: upstream.url,
    env: { MAX_OUTSTANDING_PER_CALLER: String(SHARE) },
  });
  const headers = { connection: "keep-alive" };
  const request = requestBytes(BATCHES, { token: gateway.token, headers });
  const unread = await requestUnreadHttp1(gateway.port, SHARE, request.repeat(PIPELINED));
  await until("nothing moves any more", async () => {
    const before = upstream.seen.length;
    await delay(500);
    return upstream.seen.length === before;
  }, 30_000);
  assertEquals((await gateway.call("/batches")).status, 429);
  const slowest = await othersAreServed(gateway);
  unread.leave();
  await until("the share is back", async () => (await gateway.call("/batches")).status === 200);
  return `429 while ${SHARE} connections read nothing; others were served within ${slowest} ms`;
}

const ASKED =
  `${ROUNDS} × ${CONNECTIONS} HTTP/2 connections of 200 streams with a window of 0 bytes`;

const drills: readonly Drill[] = [
  {
    name: "unread: largest page",
    did: `${ASKED} ask for ${LARGEST}, without a token`,
    promised: "64 are answered, more are 503; memory is bounded, others are served",
    run: largestPage,
  },
  {
    name: "unread: small answers",
    did: `${ASKED} ask for a probe, a wrong path and a list, without a token`,
    promised: "memory is bounded, others are served; refusals have their body again later",
    run: smallAnswers,
  },
  {
    name: "unread: one caller",
    did: `${ASKED} ask for lists of 60 kB, with a token`,
    promised: "an unread response counts as outstanding: more than 100 are 429",
    run: oneCaller,
  },
  {
    name: "unread: HTTP/1.1",
    did:
      `a caller sends ${PIPELINED} requests on each of ${SHARE} connections and reads no response`,
    promised: "an unread response counts as outstanding over HTTP/1.1 as well",
    run: pipelined,
  },
];

export default drills;
