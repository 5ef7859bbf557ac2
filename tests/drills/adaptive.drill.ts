import { assert } from "@std/assert";
import { delay } from "@std/async/delay";
import type { Drill } from "./kit/drill.ts";
import { type GatewayProcess, startGateway } from "./kit/gateway_process.ts";
import { rawUpstream } from "./kit/raw_upstream.ts";

/** Concurrent requests that the upstream accepts; it answers 429 to any more. */
const CAPACITY = 6;
const CALLERS = 40;
const PHASE_MS = 5_000;

/** An upstream with a limit on concurrent requests, which counts what it refuses. */
function limitedUpstream() {
  const state = { capacity: CAPACITY, underWay: 0, most: 0, answered: 0, refused: 0 };
  const upstream = rawUpstream({
    async onRequest(_, wire) {
      if (state.underWay >= state.capacity) {
        state.refused++;
        return wire.reply(429, {});
      }
      state.underWay++;
      state.most = Math.max(state.most, state.underWay);
      await delay(15);
      state.underWay--;
      state.answered++;
      wire.reply(200, {});
    },
  });
  return { state, upstream };
}

/** Callers that send one request after the other and pause briefly after a refusal. */
async function load(gateway: GatewayProcess, ms: number): Promise<void> {
  const until = performance.now() + ms;
  await Promise.all(Array.from({ length: CALLERS }, async () => {
    while (performance.now() < until) {
      const { status } = await gateway.call("/batches");
      if (status === 429) await delay(20);
    }
  }));
}

async function limitAdapts(): Promise<string> {
  const { state, upstream: starting } = limitedUpstream();
  await using upstream = await starting;
  await using gateway = await startGateway({ upstream: upstream.url });

  const share = async () => {
    Object.assign(state, { answered: 0, refused: 0, most: 0 });
    await load(gateway, PHASE_MS);
    return state.refused / (state.answered + state.refused);
  };
  const percent = (part: number) => `${(100 * part).toFixed(1)} %`;
  await load(gateway, 500);
  const first = await share();
  const served = state.answered;
  assert(first < 0.15, `${percent(first)} of what reached the upstream was refused`);
  assert(served > 50, `${served} served`);

  state.capacity = 1_000;
  await load(gateway, PHASE_MS);
  Object.assign(state, { most: 0 });
  await load(gateway, PHASE_MS / 2);
  assert(state.most >= CALLERS / 2, `at most ${state.most} at once after it recovered`);
  return `an upstream that accepts ${CAPACITY} concurrent requests, with ${CALLERS} callers, refused ${
    percent(first)
  }; ` +
    `without its limit, up to ${state.most} concurrent requests reached it`;
}

export default [
  {
    name: "adaptive: limit shrinks and recovers",
    did: "40 callers, an upstream that accepts 6 concurrent requests and later any number",
    promised: "the limit of the service plan shrinks until the 429s stop, and later grows again",
    run: limitAdapts,
  },
] satisfies Drill[];
