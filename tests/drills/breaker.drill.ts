import { assert, assertEquals } from "@std/assert";
import { delay } from "@std/async/delay";
import type { Drill } from "./kit/drill.ts";
import { type GatewayProcess, startGateway } from "./kit/gateway_process.ts";
import { rawUpstream, type Wire } from "./kit/raw_upstream.ts";
import { until } from "./kit/until.ts";

const FAILURES = 5;
const RESET_MS = 1_500;
const ENV = {
  BREAKER_FAILURES: String(FAILURES),
  BREAKER_RESET_MS: String(RESET_MS),
  RETRY_ATTEMPTS: "0",
  UPSTREAM_TIMEOUT_MS: "400",
};

const OPEN = 2;

/** The failures that open the breaker, provoked one kind at a time. */
const FAILURE_KINDS: Readonly<Record<string, (wire: Wire) => void>> = {
  "connections cut": (wire) => wire.reset(),
  "500": (wire) => wire.reply(500, {}),
  "503": (wire) => wire.reply(503, {}),
  "timeouts": () => {},
};

async function cycle(): Promise<string> {
  const seen: string[] = [];
  for (const [name, fails] of Object.entries(FAILURE_KINDS)) {
    let failing = true;
    await using upstream = await rawUpstream({
      onRequest: (_, wire) => failing ? fails(wire) : wire.reply(200, {}),
    });
    await using gateway = await startGateway({ upstream: upstream.url, env: ENV });
    for (let i = 0; i < FAILURES; i++) await gateway.call("/batches");
    await assertOpen(gateway, name);
    const refused = await Promise.all(Array.from({ length: 30 }, () => gateway.call("/batches")));
    assert(refused.every(({ code }) => code === "upstream_circuit_open"), name);
    assert(refused.every(({ headers }) => Number(headers["retry-after"]) <= 2), name);
    assertEquals(upstream.seen.length, FAILURES, `${name}: sent while open`);

    await delay(RESET_MS);
    await Promise.all(Array.from({ length: 20 }, () => gateway.call("/batches")));
    assertEquals(upstream.seen.length, FAILURES + 1, `${name}: probes`);
    await assertOpen(gateway, `${name}, after a failing probe`);

    failing = false;
    await delay(RESET_MS);
    assertEquals((await gateway.call("/batches")).status, 200, name);
    assertEquals(await breakerState(gateway), 0);
    assertEquals([await gateway.unreadiness(), await gateway.degradation()], [[], []]);
    seen.push(name);
  }
  return `for ${seen.join(", ")}: open after ${FAILURES} failures, 30 refused with nothing sent, ` +
    `one of 20 requests sent as a probe, open again, closed by a success`;
}

function breakerState(gateway: GatewayProcess): Promise<number> {
  return gateway.metric("sms_gateway_breaker_state");
}

async function assertOpen(gateway: GatewayProcess, name: string): Promise<void> {
  assertEquals(await breakerState(gateway), OPEN, name);
  assertEquals(await gateway.degradation(), ["upstream_circuit_open"], name);
}

/** A request that its caller cancels counts neither as a success nor as a failure. */
async function hangUps(): Promise<string> {
  let failing = true;
  await using upstream = await rawUpstream({
    onRequest: (_, wire) => void (failing || wire.reply(200, {})),
  });
  await using gateway = await startGateway({ upstream: upstream.url, env: ENV });
  for (let i = 0; i < FAILURES; i++) {
    await gateway.call("/batches", { hangUpAfterMs: 30 });
    await gateway.call("/batches");
  }
  await assertOpen(gateway, "hang-ups between failures");
  await delay(RESET_MS);
  const before = upstream.seen.length;
  await gateway.call("/batches", { hangUpAfterMs: 100 });
  assertEquals(upstream.seen.length, before + 1, "probes");
  await until("open again", async () => await breakerState(gateway) === OPEN);
  await assertOpen(gateway, "a probe whose caller hung up");
  failing = false;
  await delay(RESET_MS);
  assertEquals((await gateway.call("/batches")).status, 200);
  return `hang-ups do not reset the failure count, and do not close a half-open breaker`;
}

async function off(): Promise<string> {
  await using upstream = await rawUpstream({ onRequest: (_, wire) => wire.reset() });
  await using gateway = await startGateway({
    upstream: upstream.url,
    env: { ...ENV, BREAKER_FAILURES: "0" },
  });
  for (let i = 0; i < 60; i++) await gateway.call("/batches");
  assertEquals(upstream.seen.length, 60);
  assertEquals(await gateway.unreadiness(), []);
  return "60 failures, 60 sent, ready";
}

export default [
  {
    name: "breaker: open, half open, closed",
    did: "an upstream that fails, in each way in turn, until it recovers",
    promised:
      "opens after BREAKER_FAILURES, sends nothing but one probe, shows in /metrics and /readyz",
    run: cycle,
  },
  {
    name: "breaker: callers hang up",
    did: "an upstream that never answers; every other caller hangs up before the timeout",
    promised: "hang-ups do not count as successes",
    run: hangUps,
  },
  {
    name: "breaker: off",
    did: "BREAKER_FAILURES=0, 60 failures",
    promised: "never opens",
    run: off,
  },
] satisfies Drill[];
