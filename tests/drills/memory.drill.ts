import { assert, assertEquals } from "@std/assert";
import { delay } from "@std/async/delay";
import { Pool } from "undici";
import { PATHS } from "../../reference/paths.ts";
import { sendChunked, sendSegmented } from "./bodies.drill.ts";
import { call } from "./kit/client.ts";
import type { Drill } from "./kit/drill.ts";
import { type GatewayProcess, PLAN, startGateway } from "./kit/gateway_process.ts";
import { MEMORY_LIMIT_MIB } from "./kit/memory_limit.ts";
import { closedPort, rawUpstream } from "./kit/raw_upstream.ts";
import { peakMebibytes } from "./kit/resident.ts";
import { requestUnreadHttp2 } from "./kit/unread_responses.ts";
import { attack } from "./telemetry.drill.ts";

const BATCHES = `/xms/v1/${PLAN}/batches`;

/** Requests without a token, each with spans and log lines as long as a caller can make them. */
const UNAUTHENTICATED_REQUESTS = 20_000;

/** Large tokens, more than are cached. */
const TOKENS = 2_000;

/** Callers that fill the store. */
const SENDERS = 32;

/** Longest time for a probe, in ms. */
const SLOWEST_PROBE_MS = 2_000;

/** Requests with tokens of 7 KB, each unlike the others. */
async function largeTokens(gateway: GatewayProcess): Promise<void> {
  for (let n = 0; n < TOKENS; n++) {
    const servicePlans = [PLAN, ...Array.from({ length: 500 }, (_, i) => `${n * 1_000 + i}`)];
    const token = await gateway.issuer.token({ subject: `caller-${n}`, servicePlans });
    const { status } = await gateway.call("/batches", { token });
    assert([200, 429, 503].includes(status), `answered ${status}`);
  }
}

const PIECES = { bytes: 900_000, pieceBytes: 1_400 };

/** Bodies of 900 KB of several callers, again and again. */
async function largeBodies(gateway: GatewayProcess): Promise<void> {
  for (let round = 0; round < 3; round++) {
    for (const send of [sendSegmented, sendChunked]) {
      await Promise.all(Array.from({ length: 20 }, () => send(gateway, PIECES)));
    }
  }
}

/** Sends with a key each, until the store in memory is full. Returns how many were answered 201. */
async function fillStore({ port, token }: GatewayProcess): Promise<number> {
  const pool = new Pool(`http://127.0.0.1:${port}`, { connections: SENDERS, pipelining: 1 });
  let sent = 0, isFull = false;
  async function send(): Promise<void> {
    const { statusCode, body } = await pool.request({
      path: BATCHES,
      method: "POST",
      headers: {
        authorization: `Bearer ${token}`,
        "content-type": "application/json",
        "idempotency-key": crypto.randomUUID(),
      },
      body: '{"to":["12025550123"],"body":"Hello"}',
    });
    const text = await body.text();
    if (statusCode === 201) sent++;
    else if (text.includes("idempotency_unavailable")) isFull = true;
  }
  await Promise.all(Array.from({ length: SENDERS }, async () => {
    while (!isFull) await send();
  }));
  await pool.close();
  return sent;
}

async function allAtOnce(): Promise<string> {
  await using upstream = await rawUpstream({
    onRequest: ({ method }, wire) =>
      method === "GET" ? wire.reply(200, { list: "x".repeat(60_000) }) : wire.reply(201, {}),
  });
  await using gateway = await startGateway({
    upstream: upstream.url,
    env: { OTLP_ENDPOINT: `http://127.0.0.1:${closedPort()}` },
  });
  const { port, token } = gateway;
  const remembered = await fillStore(gateway);
  const unread = await Promise.all([
    requestUnreadHttp2(port, 5, { ":path": PATHS.openapi }),
    requestUnreadHttp2(port, 5, { ":path": BATCHES, authorization: `Bearer ${token}` }),
  ]);
  const all = Promise.all([
    attack(port, UNAUTHENTICATED_REQUESTS),
    largeTokens(gateway),
    largeBodies(gateway),
  ]).then(() => true);
  let slowest = 0;
  while (!await Promise.race([all, delay(100).then(() => false)])) {
    const { status, ms } = await call(port, "/livez", {});
    assertEquals(status, 200);
    slowest = Math.max(slowest, ms);
  }
  for (const { leave } of unread) leave();
  const peak = peakMebibytes(gateway.pid) ?? Infinity;
  const seen =
    `${remembered} answers remembered, at most ${peak} MiB resident, /livez within ${slowest} ms`;
  assert(peak < MEMORY_LIMIT_MIB && slowest < SLOWEST_PROBE_MS, seen);
  return seen;
}

export default [
  {
    name: "memory: all at once",
    did:
      `a full store of idempotency keys, unread responses, large bodies, ${TOKENS} large tokens and ${UNAUTHENTICATED_REQUESTS} ` +
      "long requests without a token at once, without a collector",
    promised: `the process stays under ${MEMORY_LIMIT_MIB} MiB and answers probes`,
    run: allAtOnce,
    timeoutMs: 180_000,
  },
] satisfies Drill[];
