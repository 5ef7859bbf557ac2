import { assert, assertEquals } from "@std/assert";
import { delay } from "@std/async/delay";
import type { Answer } from "./kit/client.ts";
import type { Drill } from "./kit/drill.ts";
import { FAILURES, saysNotProcessed, STATUSES, UPSTREAM_TIMEOUT_MS } from "./kit/failures.ts";
import { drillIssuer, type GatewayProcess, startGateway } from "./kit/gateway_process.ts";
import { closedPort, type RawUpstream, rawUpstream } from "./kit/raw_upstream.ts";
import { until } from "./kit/until.ts";

/**
 * Sends a POST, and sends it once more after 429 and 503, as the default retry strategy of Apache
 * HttpClient 5 does, but without its pause, which is the harder case.
 *
 * @param again where the second request goes; default: the same gateway
 * @returns what each request was answered
 */
async function resending(
  gateway: GatewayProcess,
  id: string,
  again: GatewayProcess = gateway,
): Promise<Answer[]> {
  const first = await gateway.post(id);
  const isResent = first.status === 429 || first.status === 503;
  return isResent ? [first, await again.post(id)] : [first];
}

/** How often the upstream has read a whole POST with this id. */
function timesRead({ seen }: RawUpstream, id: string): number {
  return seen.filter(({ body }) => body.includes(`"${id}"`)).length;
}

async function everyFailure(): Promise<string> {
  await using upstream = await rawUpstream({
    onRequest({ body }, wire) {
      const [, kind = "", status] = /"(?:failure-([\w-]+)|status-(\d+))"/.exec(body) ?? [];
      if (status) wire.reply(Number(status), { code: "some_code", text: "Some text." });
      else FAILURES[kind]?.(wire);
    },
  });
  await using gateway = await startGateway({
    upstream: upstream.url,
    env: {
      UPSTREAM_TIMEOUT_MS: String(UPSTREAM_TIMEOUT_MS),
      UPSTREAM_IDLE_TIMEOUT_MS: String(UPSTREAM_TIMEOUT_MS),
      BREAKER_FAILURES: "0",
    },
  });
  for (const kind of Object.keys(FAILURES)) {
    const [answer, again] = await resending(gateway, `failure-${kind}`);
    assertEquals(again, undefined, `${kind}: ${answer?.status} was sent again`);
    assert([502, 504].includes(answer?.status ?? 0), `${kind}: ${answer?.status}`);
    assertEquals(answer?.headers["retry-after"], undefined, kind);
    assertEquals(timesRead(upstream, `failure-${kind}`), 1, kind);
  }
  let twice = 0;
  for (const status of STATUSES) {
    await resending(gateway, `status-${status}`);
    const times = timesRead(upstream, `status-${status}`);
    assert(
      times === 1 || (times === 2 && saysNotProcessed(status)),
      `${status}: read ${times} times`,
    );
    if (times === 2) twice++;
  }
  assert(twice > 0, "the client sends again after at least one failure");
  return `${
    Object.keys(FAILURES).length
  } failures and ${STATUSES.length} statuses: read once each, ` +
    `but ${twice} that said "not processed"`;
}

/** The API recovers before the client sends again: the first request must not arrive as well. */
async function unreachable(): Promise<string> {
  const port = closedPort();
  await using gateway = await startGateway({
    upstream: `http://127.0.0.1:${port}`,
    env: { BREAKER_FAILURES: "0" },
  });
  const first = await gateway.post("unreachable");
  assertEquals([first.status, first.code], [503, "upstream_unreachable"]);
  await using upstream = await rawUpstream({ port });
  const [again] = await resending(gateway, "unreachable");
  assertEquals([again?.status, timesRead(upstream, "unreachable")], [201, 1]);
  return "503 upstream_unreachable, then 201: read once";
}

async function breakerOpen(): Promise<string> {
  await using upstream = await rawUpstream({ onRequest: (_, wire) => wire.reset() });
  await using gateway = await startGateway({
    upstream: upstream.url,
    env: { BREAKER_FAILURES: "3", BREAKER_RESET_MS: "300" },
  });
  let refused = 0;
  const ids = Array.from({ length: 24 }, (_, n) => `breaker-${n}`);
  for (const id of ids) {
    const answers = await resending(gateway, id);
    refused += answers.filter(({ code }) => code === "upstream_circuit_open").length;
    await delay(50); // some of these requests are probes of a half-open breaker
  }
  const times = ids.map((id) => timesRead(upstream, id));
  assert(times.every((count) => count <= 1), `read ${times} times`);
  assert(
    refused > 0 && upstream.seen.length > 3,
    `${refused} refused, ${upstream.seen.length} read`,
  );
  return `${refused} refusals by the open breaker sent again, ${upstream.seen.length} of 24 read, none twice`;
}

async function nothingForwarded(): Promise<string> {
  await using upstream = await rawUpstream();
  await using gateway = await startGateway({
    upstream: upstream.url,
    env: { AUTH_JWKS: undefined, AUTH_JWKS_URL: `http://127.0.0.1:${closedPort()}` },
  });
  const answers = await resending(gateway, "no-keys");
  assertEquals(answers.map(({ code }) => code), ["key_set_unavailable", "key_set_unavailable"]);
  assertEquals(upstream.seen.length, 0);
  return "503 key_set_unavailable, sent again: never read";
}

async function overloaded(): Promise<string> {
  await using upstream = await rawUpstream({
    onRequest: (_, wire) => void delay(100).then(() => wire.reply(201, {})),
  });
  await using gateway = await startGateway({
    upstream: upstream.url,
    env: { MAX_IN_FLIGHT: "2" },
  });
  const ids = Array.from({ length: 30 }, (_, n) => `load-${n}`);
  const answers = await Promise.all(ids.map((id) => resending(gateway, id)));
  const refused = answers.filter(([first]) => first?.code === "overloaded").length;
  const times = ids.map((id) => timesRead(upstream, id));
  assert(times.every((count) => count <= 1), `read ${times} times`);
  assert(refused > 0, "no request was refused");
  return `${refused} of 30 refused as overloaded and sent again, none read twice`;
}

/** The client's second request goes to another instance. */
async function stopping(): Promise<string> {
  await using upstream = await rawUpstream({ onRequest() {} });
  const env = { UPSTREAM_TIMEOUT_MS: "3000" };
  const issuer = await drillIssuer();
  await using next = await startGateway({ upstream: upstream.url, issuer, env });
  await using gateway = await startGateway({ upstream: upstream.url, issuer, env });
  const ids = Array.from({ length: 8 }, (_, n) => `stop-${n}`);
  const answers = Promise.all(ids.map((id) => resending(gateway, id, next)));
  await until("the requests are outstanding", () => upstream.seen.length === ids.length);
  gateway.abandon();
  gateway.signal("SIGTERM");
  const statuses = (await answers).map((each) => each.map(({ status }) => status));
  const resent = statuses.flat().filter((status) => status === 429 || status === 503);
  assertEquals(resent, [], "answered as not processed");
  const times = ids.map((id) => timesRead(upstream, id));
  assert(times.every((count) => count === 1), `read ${times} times`);
  return `8 outstanding at the end of SHUTDOWN_GRACE_MS: answered ${[
    ...new Set(statuses.flat()),
  ]}, read once each`;
}

const RESENDING_CLIENT = "a client that sends every POST again after 429 and 503";

export default [
  {
    name: "once: resent after every failure",
    did: `${RESENDING_CLIENT}; the API fails in every way and with every status from 300 to 599`,
    promised: "the API reads a POST twice only if its first answer said that it was not processed",
    run: everyFailure,
  },
  {
    name: "once: resent to an API that recovers",
    did: `${RESENDING_CLIENT}; the API is unreachable, then recovers`,
    promised: "nothing was sent the first time, so the API reads it once",
    run: unreachable,
  },
  {
    name: "once: resent to an open breaker",
    did: `${RESENDING_CLIENT}; every connection is cut after the request, so the breaker opens`,
    promised: "no POST is read twice",
    run: breakerOpen,
  },
  {
    name: "once: resent without a key set",
    did: `${RESENDING_CLIENT}; the issuer cannot be reached`,
    promised: "503 key_set_unavailable, and nothing is forwarded",
    run: nothingForwarded,
  },
  {
    name: "once: resent to an overloaded gateway",
    did: `${RESENDING_CLIENT}; 30 concurrent requests, of which 2 are allowed`,
    promised: "no POST is read twice",
    run: overloaded,
  },
  {
    name: "once: resent when the gateway stops",
    did: `${RESENDING_CLIENT}, to another instance; SIGTERM, and the API never answers`,
    promised: "outstanding requests are not answered 503, and the API reads each of them once",
    run: stopping,
  },
] satisfies Drill[];
