/** Replaces a gateway under load as a Deployment does, with the values of the manifests. */

import { assert, assertEquals } from "@std/assert";
import { delay } from "@std/async/delay";
import { testEnv } from "../support/gateway.ts";
import { testIssuer } from "../support/issuer.ts";
import { rawReply, rawUpstream } from "../support/raw_upstream.ts";
import { settings } from "./manifests.ts";
import { type Pod, startPod } from "./pod.ts";

const REQUESTS_PER_SECOND = 20;

/** Time that the SMS API takes for every fifth request and for the others, in ms. */
const SLOW_MS = 3_000;
const FAST_MS = 50;

const issuer = await testIssuer();
const token = await issuer.token();

/** The environment of a pod: that of the manifests, but for what this machine has no part of. */
function podEnv(upstream: string): Record<string, string> {
  const { SERVICE_PLANS_FILE: _plans, STATE_URL_FILE: _state, AUTH_JWKS_URL: _keys, ...own } =
    settings();
  return { ...own, ...testEnv(issuer), ADMIN_PORT: "0", SMS_API_URL: upstream };
}

/** An SMS API that answers every batch. */
function smsApi() {
  return rawUpstream(async (connection) => {
    while (true) {
      const request = await connection.readRequest();
      if (!request) return;
      await delay(request.body.includes("slow") ? SLOW_MS : FAST_MS);
      await connection.write(rawReply(201, '{"id":"01K"}'));
    }
  });
}

/** Sends at a constant rate to the endpoints in turn; returns what became of each request. */
async function load(pods: readonly Pod[], end: AbortSignal): Promise<string[]> {
  const answers: Promise<string>[] = [];
  for (let count = 0; !end.aborted; count++) {
    const endpoints = pods.filter(({ isEndpoint }) => isEndpoint);
    const pod = endpoints[count % endpoints.length];
    answers.push(pod ? send(pod, count % 5 === 0 ? "slow" : "fast") : Promise.resolve("no pod"));
    await delay(1_000 / REQUESTS_PER_SECOND);
  }
  return await Promise.all(answers);
}

async function send({ url }: Pod, body: string): Promise<string> {
  try {
    const response = await fetch(`${url}/xms/v1/plan-1/batches`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify({ from: "1", to: ["46701234567"], body }),
    });
    await response.body?.cancel();
    return String(response.status);
  } catch (error) {
    return String(error);
  }
}

/** How often each answer occurs. */
function counted(answers: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const answer of answers) counts[answer] = (counts[answer] ?? 0) + 1;
  return counts;
}

Deno.test("a rollout loses no request: preStop, SIGTERM and the grace period fit the gateway", async () => {
  await using upstream = await smsApi();
  const pods: Pod[] = [];
  await using old = await startPod(podEnv(upstream.url));
  pods.push(old);
  await old.ready;
  const ended = new AbortController();
  const loaded = load(pods, ended.signal);
  await using successor = await startPod(podEnv(upstream.url));
  pods.push(successor);
  await successor.ready;
  await delay(1_000); // both get requests, slow ones too
  const { code, ms, killed } = await old.delete();
  await delay(500);
  ended.abort();
  const answers = counted(await loaded);
  assertEquals(Object.keys(answers), ["201"], JSON.stringify(answers));
  assertEquals(upstream.requests.length, answers["201"]);
  assertEquals([code, killed], [0, false]);
  assert(ms < 25_000, `${ms}`);
});

Deno.test("with a SHUTDOWN_GRACE_MS shorter than the slowest requests, the rehearsal finds that requests are lost", async () => {
  await using upstream = await smsApi();
  await using pod = await startPod({ ...podEnv(upstream.url), SHUTDOWN_GRACE_MS: "300" });
  await pod.ready;
  const ended = new AbortController();
  const loaded = load([pod], ended.signal);
  await delay(500);
  await pod.delete();
  ended.abort();
  const { "201": _answered, "no pod": _none, ...lost } = counted(await loaded);
  assert(Object.keys(lost).length > 0);
});
