import { assert, assertEquals } from "@std/assert";
import { delay } from "@std/async/delay";
import type { Drill } from "./kit/drill.ts";
import { drillIssuer, startGateway } from "./kit/gateway_process.ts";
import { startIssuerServer } from "./kit/issuer_server.ts";
import { rawUpstream } from "./kit/raw_upstream.ts";
import { until } from "./kit/until.ts";

const FAILURES = 3;
const RESET_MS = 1_500;
const MAX_AGE_MS = 300;
const COOLDOWN_MS = 200;
const HOUR_S = 3_600;

/** The path of Debian's libfaketime; undefined if it is not installed. */
async function libfaketime(): Promise<string | undefined> {
  for (const folder of ["x86_64-linux-gnu", "aarch64-linux-gnu"]) {
    const path = `/usr/lib/${folder}/faketime/libfaketimeMT.so.1`;
    if (await Deno.stat(path).then(() => true, () => false)) return path;
  }
  if (Deno.env.get("CI")) throw new Error("libfaketime is not installed: apt-get install faketime");
  return undefined;
}

/** Controls the wall clock of another process; its monotonic clock is not affected. */
async function fakeClock(library: string) {
  const file = await Deno.makeTempFile({ prefix: "sms-gateway-clock-" });
  await Deno.writeTextFile(file, "+0");
  return {
    env: {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
    },
    set: (offsetS: number) => Deno.writeTextFile(file, `${offsetS < 0 ? "" : "+"}${offsetS}`),
    [Symbol.asyncDispose]: () => Deno.remove(file),
  };
}

async function setBack(): Promise<string> {
  const library = await libfaketime();
  if (!library) return "not tried: libfaketime is not installed";
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
