import { assert, assertEquals } from "@std/assert";
import type { Answer } from "./kit/client.ts";
import type { Drill } from "./kit/drill.ts";
import { fakeClock, libfaketime, NO_FAKETIME } from "./kit/fake_clock.ts";
import { drillIssuer, type GatewayProcess, startGateway } from "./kit/gateway_process.ts";
import { heldApi } from "./kit/held_api.ts";
import { inParallel } from "./kit/in_parallel.ts";
import { JUMP_SETUPS, type JumpSetup } from "./kit/jump_setups.ts";
import { endingOf, type KeyedMessage, postKeyed, repeatUntilFinal } from "./kit/keyed_post.ts";
import { needsRedis } from "./kit/needs_redis.ts";
import { until } from "./kit/until.ts";

const HOUR_S = 3_600;

/** The first requests end after 3 s; the lease of a gateway that dies, 5.9 s after the claim. */
const SETTINGS = {
  UPSTREAM_TIMEOUT_MS: "3000",
  UPSTREAM_IDLE_TIMEOUT_MS: "200",
  STATE_TIMEOUT_MS: "500",
};

const MESSAGES = [
  { key: "key-1", text: "listed", reference: true },
  { key: "key-2", text: "no reference", reference: false },
] as const satisfies KeyedMessage[];

/** Starts the world of a setup, has the clock jump, and repeats; says how the repeats ended. */
async function jump(setup: JumpSetup, offsetS: number, library: string): Promise<string> {
  await using clock = await fakeClock(library);
  await using store = await setup.start();
  await using api = await heldApi();
  const upstream = api.url;
  const env = {
    ...SETTINGS,
    ...clock.env,
    STATE_URL: store.url,
    IDEMPOTENCY_TTL_S: String(setup.ttlS ?? 24 * HOUR_S),
  };
  const token = await (await drillIssuer()).token({ expiresInS: 3 * HOUR_S });
  await using gateway = await startGateway({ upstream, env });
  const firsts = MESSAGES.map((message) => postKeyed(gateway, message, { token }));
  await until("the API has all", () => api.posts() === MESSAGES.length);
  if (setup.jumpsInStore) {
    assert(store.jump);
    await store.jump(offsetS);
  } else {
    await clock.set(offsetS);
    await until("the clock jumps", async () => isAhead(await clockOf(gateway), offsetS));
  }

  /** Compares the answers with what is allowed; each message has been sent once, in any case. */
  function check(moment: "at once" | "afterwards", answers: readonly Answer[]): string {
    const endings = answers.map(endingOf).join(", ");
    const allowed = setup[moment](offsetS).map(String);
    assert(allowed.includes(endings.replace(" ", "")), `${setup.name}, ${moment}: ${endings}`);
    for (const { text } of MESSAGES) assertEquals(api.times(text), 1, `${setup.name}: ${text}`);
    return endings;
  }

  const atOnce = check(
    "at once",
    await Promise.all(MESSAGES.map((message) => postKeyed(gateway, message, { token }))),
  );
  const repeatAll = (to: GatewayProcess) =>
    Promise.all(MESSAGES.map((message) => repeatUntilFinal(to, message, { token })));
  let afterwards: string;
  if (setup.isKilled) {
    gateway.abandon();
    gateway.signal("SIGKILL");
    await gateway.exited();
    await using restarted = await startGateway({ upstream, env });
    afterwards = check("afterwards", await repeatAll(restarted));
  } else {
    for (const { code } of await Promise.all(firsts)) assertEquals(code, "upstream_timeout");
    afterwards = check("afterwards", await repeatAll(gateway));
  }
  return `${setup.name}: ${atOnce}, then ${afterwards}`;
}

/** The clock of a gateway, by the Date header of its answers. */
async function clockOf(gateway: GatewayProcess): Promise<number> {
  const { headers } = await gateway.call("/batches/none", { token: null });
  return Date.parse(headers.date ?? "");
}

function isAhead(nowMs: number, offsetS: number): boolean {
  return Math.abs(nowMs - Date.now() - offsetS * 1_000) < 60_000;
}

async function jumpAll(offsetS: number): Promise<string> {
  const library = await libfaketime();
  if (!library) return NO_FAKETIME;
  const jumps = JUMP_SETUPS.map((setup) => jump(setup, offsetS, library));
  return (await inParallel(jumps)).join("; ");
}

const did = (direction: string) =>
  `the clock is set ${direction} an hour while two requests with a key are under way; some ` +
  "gateways are killed then";
const promised = "their keys are not free, and not in use for ever";

export default [
  {
    name: "idempotency: clock set forward",
    did: did("forward"),
    promised,
    run: needsRedis(() => jumpAll(HOUR_S)),
  },
  {
    name: "idempotency: clock set back",
    did: did("back"),
    promised,
    run: needsRedis(() => jumpAll(-HOUR_S)),
  },
] satisfies Drill[];
