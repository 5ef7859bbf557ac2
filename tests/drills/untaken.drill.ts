import { assert, assertEquals } from "@std/assert";
import { delay } from "@std/async/delay";
import { SWAGGER_UI_VERSION } from "../../reference/swagger_ui.ts";
import { call, requestBytes } from "./kit/client.ts";
import type { Drill } from "./kit/drill.ts";
import { type GatewayProcess, PLAN, startGateway } from "./kit/gateway_process.ts";
import { type RawUpstream, rawUpstream } from "./kit/raw_upstream.ts";
import { untakenHttp1, untakenHttp2 } from "./kit/untaken.ts";
import { until } from "./kit/until.ts";

const BATCHES = `/xms/v1/${PLAN}/batches`;
const LARGEST = `/docs/assets/swagger-ui-${SWAGGER_UI_VERSION}.js`;
const CONNECTIONS = 5;
const ROUNDS = 4;

/** More memory than all answers together may take, in MiB; without a bound it is a multiple. */
const MOST_MEBIBYTES = 160;

/** More than a round may take once all slots are taken, in MiB: its connections, and garbage. */
const MOST_OF_A_ROUND = 25;

/** An API whose lists are 60 kB. */
function longLists(): Promise<RawUpstream> {
  return rawUpstream({
    onRequest: ({ method }, wire) =>
      method === "GET" ? wire.reply(200, { list: "x".repeat(60_000) }) : wire.reply(201, {}),
  });
}

/** Another caller is served, and so are probes. */
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

/** What came of some rounds of answers that nobody took. */
interface Rounds {
  statuses: Record<string, number>;
  seen: string;
}

/** Asks again and again on new connections, with and without `Host`; all stay until the end. */
async function untakenRounds(
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
    const untaken = await untakenHttp2(gateway.port, CONNECTIONS, { ...headers, ...host });
    leave.push(untaken.leave);
    for (const [status, count] of untaken.statuses) {
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

async function largestAsset(): Promise<string> {
  await using upstream = await longLists();
  await using gateway = await startGateway({ upstream: upstream.url });
  const { statuses, seen } = await untakenRounds(gateway, { ":path": LARGEST });
  assertEquals(statuses["200"], 64);
  await until("the reference is served", async () => {
    const { status, whole } = await call(gateway.port, LARGEST, {});
    return status === 200 && whole;
  });
  return seen;
}

/** Paths that need no token, and what strangers are answered. */
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
    const { statuses, seen } = await untakenRounds(gateway, { ":path": path });
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
  const { statuses, seen } = await untakenRounds(gateway, headers);
  assertEquals(statuses["200"], 100);
  await until(
    "the caller is served when it has left",
    async () => (await gateway.call("/batches")).status === 200,
  );
  return seen;
}

const SHARE = 10;

/** Requests on a connection: their answers are more than the kernel takes, 24 MB. */
const PIPELINED = 400;

async function pipelined(): Promise<string> {
  await using upstream = await longLists();
  await using gateway = await startGateway({
    upstream: upstream.url,
    env: { MAX_OUTSTANDING_PER_CALLER: String(SHARE) },
  });
  const headers = { connection: "keep-alive" };
  const request = requestBytes(BATCHES, { token: gateway.token, headers });
  const untaken = await untakenHttp1(gateway.port, SHARE, request.repeat(PIPELINED));
  await until("nothing moves any more", async () => {
    const before = upstream.seen.length;
    await delay(500);
    return upstream.seen.length === before;
  }, 30_000);
  assertEquals((await gateway.call("/batches")).status, 429);
  const slowest = await othersAreServed(gateway);
  untaken.leave();
  await until("the share is back", async () => (await gateway.call("/batches")).status === 200);
  return `429 while ${SHARE} connections read nothing; others were served within ${slowest} ms`;
}

const ASKED =
  `${ROUNDS} × ${CONNECTIONS} HTTP/2 connections of 200 streams with a window of 0 bytes`;

const drills: readonly Drill[] = [
  {
    name: "untaken: largest asset",
    did: `${ASKED} ask for ${LARGEST}, without a token`,
    promised: "64 are answered, more are 503; memory is bounded, others are served",
    run: largestAsset,
  },
  {
    name: "untaken: small answers",
    did: `${ASKED} ask for a probe, a wrong path and a list, without a token`,
    promised: "memory is bounded, others are served; refusals have their body again later",
    run: smallAnswers,
  },
  {
    name: "untaken: one caller",
    did: `${ASKED} ask for lists of 60 kB, with a token`,
    promised: "an answer that was not taken counts as outstanding: more than 100 are 429",
    run: oneCaller,
  },
  {
    name: "untaken: HTTP/1.1",
    did: `a caller sends ${PIPELINED} requests on each of ${SHARE} connections and reads no answer`,
    promised: "an answer that was not taken counts as outstanding over HTTP/1.1 as well",
    run: pipelined,
  },
];

export default drills;
