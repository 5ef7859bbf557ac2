import { assertEquals, assertThrows } from "@std/assert";
import { ConfigError, parseConfig } from "../../config.ts";
import { testEnv } from "../support/gateway.ts";
import { testIssuer } from "../support/issuer.ts";
import { SETTINGS, WEBHOOK_SECRET } from "./kit.ts";

const env = testEnv(await testIssuer());

function parsed(settings: unknown) {
  const CALLBACKS = typeof settings === "string" ? settings : JSON.stringify(settings);
  return parseConfig({ ...env, CALLBACKS }).callbacks;
}

const [RELAY] = SETTINGS.relays;
const withRelay = (changes: object) => ({ ...SETTINGS, relays: [{ ...RELAY, ...changes }] });
const withPlan = (plan: object) => ({ ...SETTINGS, plans: { "plan-1": plan } });

/** Settings → the faults that stop the start; none quotes a value. */
const FAULTY: readonly (readonly [settings: unknown, faults: readonly string[]])[] = [
  [{}, ["plans is required", "relays is required"]],
  [{ ...SETTINGS, more: "hidden" }, ["more is not a member"]],
  [withPlan({}), ["plans.plan-1 needs hmac, basic or path_secret"]],
  [withPlan({ hmac: [] }), [
    "plans.plan-1.hmac must be a secret of 1 to 512 characters, or a list of such values",
  ]],
  [withPlan({ path_secret: "hidden" }), [
    "plans.plan-1.path_secret must be 16 to 256 letters, digits, and . _ ~ -, or a list of such values",
  ]],
  [withPlan({ basic: { username: "a:hidden", password: 7 } }), [
    "plans.plan-1.basic.username must be a name without a colon",
    "plans.plan-1.basic.password must be a password of 1 to 512 characters, or a list of such values",
  ]],
  [{ ...SETTINGS, plans: { "plan-9": { hmac: "hidden" } } }, [
    "plans.plan-9 is not a service plan of SERVICE_PLANS",
  ]],
  [withRelay({ name: "others", url: "ftp://hidden" }), ["relays.0.url must be an http(s) URL"]],
  [withRelay({ name: "others", url: "https://user:hidden@a" }), [
    "relays.0.url must be an http(s) URL",
  ]],
  [withRelay({ name: "others", secret: "hidden" }), [
    "relays.0.secret must be whsec_ and 24 to 64 bytes in base64, or a list of such values",
  ]],
  ...["a".repeat(33), "a".repeat(34), `${"a".repeat(31)}=`, `${"a".repeat(87)}=`].map((base64) =>
    [withRelay({ name: "others", secret: `whsec_${base64}` }), [
      "relays.0.secret must be whsec_ and 24 to 64 bytes in base64, or a list of such values",
    ]] as const
  ),
  [withRelay({ name: "a" }), ["default is not the name of a relay"]],
  [{ ...SETTINGS, relays: [...SETTINGS.relays, RELAY] }, ["two relays have the same name"]],
  [{ ...SETTINGS, inbound: [{ relay: "others" }, { to: "+1", relay: "none" }] }, [
    "inbound.1.to must be a number or short code, digits only",
    "inbound.1.relay is not the name of a relay",
  ]],
  [{ ...SETTINGS, inbound: [{ relay: "others" }, { relay: "none" }] }, [
    "inbound.1.relay is not the name of a relay",
  ]],
  [{ ...SETTINGS, max_age_s: "hidden", remember_s: 1 }, [
    "max_age_s must be a whole number, 1 to 604800",
    "remember_s must be a whole number, 60 to 7776000",
  ]],
];

Deno.test("faults of CALLBACKS name the member, say what it must be, and quote no value", () => {
  for (const [settings, faults] of FAULTY) {
    const { message } = assertThrows(() => parsed(settings), ConfigError);
    const lines = message.split("\n").slice(1).map((line) => line.trim());
    const separator = (fault: string) => `CALLBACKS: ${fault}`;
    assertEquals(lines, faults.map(separator));
    assertEquals(message.includes("hidden"), false, message);
  }
});

Deno.test("CALLBACKS that is no JSON is a fault without its value", () => {
  const { message } = assertThrows(() => parsed('{"hidden'), ConfigError);
  assertEquals(message.includes("CALLBACKS is not valid; expected a JSON object"), true);
  assertEquals(message.includes("hidden"), false);
});

Deno.test("one secret is a list of one, and members that are not given have their defaults", () => {
  const callbacks = parsed(SETTINGS);
  assertEquals(callbacks?.plans["plan-1"]?.hmac, ["KayakingTheSwell"]);
  assertEquals(callbacks?.relays[0]?.secret, [WEBHOOK_SECRET]);
  const { max_age_s, remember_s, relay_timeout_ms, max_outstanding, inbound } = callbacks!;
  assertEquals([max_age_s, remember_s, relay_timeout_ms, max_outstanding, inbound], [
    1_200,
    432_000,
    5_000,
    100,
    [],
  ]);
});

Deno.test("secrets of 24 to 64 bytes are accepted", () => {
  for (const bytes of [24, 25, 26, 32, 62, 63, 64]) {
    const secret = `whsec_${btoa("a".repeat(bytes))}`;
    assertEquals(parsed(withRelay({ name: "others", secret }))?.relays[0]?.secret, [secret]);
  }
});
