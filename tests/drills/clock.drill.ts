import { assert, assertEquals } from "@std/assert";
import { delay } from "@std/async/delay";
import type { Drill } from "./kit/drill.ts";
import { fakeClock, libfaketime, NO_FAKETIME } from "./kit/fake_clock.ts";
import { drillIssuer, startGateway } from "./kit/gateway_process.ts";
import { startIssuerServer } from "./kit/issuer_server.ts";
import { rawUpstream } from "./kit/raw_upstream.ts";
import { until } from "./kit/until.ts";

const FAILURES = 3;
const RESET_MS = 1_500;
const MAX_AGE_MS = 300;
const COOLDOWN_MS = 200;
const HOUR_S = 3_600;

async function setBack(): Promise<string> {
  const library = await libfaketime();
  if (!library) return NO_FAKETIME;
  await using clock = await fakeClock(library);
  const issuer = await drillIssuer();
  await using server = startIssuerServer();
  server.publish(issuer.jwks);
  let failing = true;
  await using upstream = await rawUpstream({
    onRequest: (_, wire) => wire.reply(failing ? 500 : 200, {}),
  });
  await using gateway = await startGateway({
    upstream: upstream.url,
    env: {
      ...clock.env,
      AUTH_JWKS: undefined,
      AUTH_JWKS_URL: server.url,
      JWKS_MAX_AGE_MS: String(MAX_AGE_MS),
      JWKS_COOLDOWN_MS: String(COOLDOWN_MS),
      BREAKER_FAILURES: String(FAILURES),
      BREAKER_RESET_MS: String(RESET_MS),
      RETRY_ATTEMPTS: "0",
    },
  });
  const call = () => gateway.call("/batches");
  const expired = await issuer.token({ expiresInS: -HOUR_S / 2 });
  const callExpired = () => gateway.call("/batches", { token: expired });
  assertEquals((await callExpired()).status, 401);
  for (let i = 0; i < FAILURES; i++) assertEquals((await call()).status, 500);
  await clock.set(-HOUR_S);
  const refused = await callExpired(); // not expired by that clock
  assertEquals(refused.status, 503);
  const retryAfterS = Number(refused.headers["retry-after"]);
  assert(retryAfterS <= 5, `Retry-After: ${retryAfterS}`);

  failing = false;
  await delay(RESET_MS);
  assertEquals((await call()).status, 200, "the breaker stays open");

  const before = server.fetches();
  await until("three more fetches of the key set", async () => {
    assertEquals((await call()).status, 200);
    return server.fetches() >= before + 3;
  }, 5_000);
  const ageS = await gateway.metric("sms_gateway_key_set_age_seconds");
  assert(ageS >= 0 && ageS < 10, `the key set is ${ageS} s old`);
  return `Retry-After: ${retryAfterS}, served again after ${RESET_MS} ms, keys fetched every ` +
    `${MAX_AGE_MS} ms, ${ageS} s old`;
}

export default [
  {
    name: "clock: set back",
    did: "the clock is set back an hour while the breaker is open",
    promised: "Retry-After, the breaker and the age of the keys are not affected",
    run: setBack,
  },
] satisfies Drill[];
