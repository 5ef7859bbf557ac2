import { assertEquals, assertNotMatch, assertRejects, assertThrows } from "@std/assert";
import { ConfigError, parseConfig } from "../config.ts";
import { loadConfig } from "../entry/load_config.ts";
import { testIssuer } from "./support/issuer.ts";

const MARKER = "S3CR3T";
const SERVICE_PLANS = '{"plan-1":"token-1"}';
const { jwks } = await testIssuer();
const ENTRY = { issuer: "https://issuer.example/", audiences: ["sms-gateway"] };

const envOf = (entries: unknown, more: Record<string, string> = {}) => ({
  SERVICE_PLANS,
  AUTH_ISSUERS: JSON.stringify(entries),
  ...more,
});

const faultsOf = (env: Record<string, string>) => {
  const error = assertThrows(() => parseConfig(env), ConfigError);
  assertNotMatch(Deno.inspect(error), new RegExp(MARKER));
  return error.faults;
};

Deno.test("an issuer of AUTH_ISSUERS needs only its name and its audiences", () => {
  assertEquals(parseConfig(envOf([ENTRY])).auth.issuers, [{
    issuer: "https://issuer.example/",
    audiences: ["sms-gateway"],
    audienceClaim: "aud",
    algorithms: ["RS256", "PS256", "ES256", "EdDSA"],
    plansClaim: "service_plans",
    plansPrefix: "",
    keySet: { discovery: true },
  }]);
});

Deno.test("AUTH_ALGORITHMS and AUTH_PLANS_CLAIM are for issuers that say nothing else", () => {
  const own = { ...ENTRY, issuer: "b", jwks, algorithms: ["Ed25519"], plans_claim: ["a.b", "c"] };
  const { issuers } = parseConfig(
    envOf([ENTRY, own], { AUTH_ALGORITHMS: "ES384", AUTH_PLANS_CLAIM: "scope" }),
  ).auth;
  assertEquals(
    issuers.map(({ algorithms, plansClaim }) => [algorithms, plansClaim]),
    [[["ES384"], "scope"], [["Ed25519"], ["a.b", "c"]]],
  );
});

Deno.test("all members of an issuer are taken over", () => {
  const [settings] = parseConfig(envOf([{
    ...ENTRY,
    jwks_url: "https://issuer.example/keys",
    audience_claim: "client_id",
    plans_prefix: "sms:",
    plans_map: { billing: ["plan-1"], toString: [] },
  }])).auth.issuers;
  assertEquals(settings?.keySet, { url: "https://issuer.example/keys" });
  assertEquals([settings?.audienceClaim, settings?.plansPrefix], ["client_id", "sms:"]);
  assertEquals([...settings?.plansMap ?? []], [["billing", ["plan-1"]], ["toString", []]]);
});

Deno.test("issuers whose names differ by a slash are two", () => {
  const { issuers } = parseConfig(
    envOf([ENTRY, { ...ENTRY, issuer: "https://issuer.example" }]),
  ).auth;
  assertEquals(issuers.map(({ issuer }) => issuer), [
    "https://issuer.example/",
    "https://issuer.example",
  ]);
});

/** Invalid lists → where the error says that they are wrong. */
const REFUSED: readonly [name: string, entries: unknown, at: string][] = [
  ["no list", { ...ENTRY, issuer: MARKER }, ""],
  ["an empty list", [], ""],
  ["the same issuer twice", [ENTRY, ENTRY], ""],
  ["33 issuers", Array.from({ length: 33 }, (_, i) => ({ ...ENTRY, issuer: `https://${i}` })), ""],
  ["no issuer", [{ audiences: ["a"] }], " at 0.issuer"],
  ["no audience", [ENTRY, { ...ENTRY, issuer: "https://x", audiences: [] }], " at 1.audiences"],
  ["a misspelt member", [{ ...ENTRY, audience: MARKER }], " at 0.audience"],
  ["a file as jwks_url", [{ ...ENTRY, jwks_url: `file:///${MARKER}` }], " at 0.jwks_url"],
  ["a private key", [{ ...ENTRY, jwks: { keys: [{ kty: "OKP", d: MARKER }] } }], " at 0.jwks.keys"],
  ["a symmetric algorithm", [{ ...ENTRY, algorithms: ["HS256"] }], " at 0.algorithms.0"],
  ["the algorithm none", [{ ...ENTRY, algorithms: ["none"] }], " at 0.algorithms.0"],
  ["no algorithms", [{ ...ENTRY, algorithms: [] }], " at 0.algorithms"],
  ["an empty path", [{ ...ENTRY, plans_claim: [] }], " at 0.plans_claim"],
  ["a plan that cannot be", [{ ...ENTRY, plans_map: { a: ["b/c"] } }], " at 0.plans_map.a.0"],
  ["both key sets", [{ ...ENTRY, jwks, jwks_url: "https://x/" }], " at 0"],
  ["no key set and no URL to find it", [{ ...ENTRY, issuer: MARKER }], " at 0"],
];

for (const [name, entries, at] of REFUSED) {
  Deno.test(`AUTH_ISSUERS with ${name} is reported by its name and place, without values`, () => {
    const [fault = "", ...others] = faultsOf(envOf(entries));
    assertEquals(others, []);
    assertEquals(fault.startsWith(`AUTH_ISSUERS is not valid${at}`), true, fault);
  });
}

Deno.test("AUTH_ISSUERS and the settings of a single issuer exclude each other", () => {
  const single = { AUTH_ISSUER: "i", AUTH_AUDIENCE: "a", AUTH_JWKS_URL: "https://x/" };
  assertEquals(faultsOf(envOf([ENTRY], single)), [
    "AUTH_ISSUERS and AUTH_ISSUER exclude each other: set one of them",
    "AUTH_ISSUERS and AUTH_AUDIENCE exclude each other: set one of them",
    "AUTH_ISSUERS and AUTH_JWKS_URL exclude each other: set one of them",
  ]);
});

Deno.test("a key of AUTH_ISSUERS that cannot be used stops the start, with its place", async () => {
  const broken = { keys: [{ kty: "EC", crv: "P-256", x: "AA", y: "AA" }] };
  const env = envOf([ENTRY, { ...ENTRY, issuer: "b", jwks: broken }]);
  const { faults } = await assertRejects(() => loadConfig(env), ConfigError);
  assertEquals(faults.length, 1);
  assertEquals(faults[0]?.startsWith("AUTH_ISSUERS at 1.jwks: key 1 "), true, faults[0]);
});

Deno.test("the token endpoint is absent without its URL, and has bounds by default", () => {
  assertEquals(parseConfig(envOf([ENTRY])).auth.tokenEndpoint, undefined);
  const url = "https://issuer.example/token?p=x";
  assertEquals(parseConfig(envOf([ENTRY], { AUTH_TOKEN_URL: url })).auth.tokenEndpoint, {
    url,
    parameters: [],
    timeoutMs: 8_000,
    perMinute: 120,
  });
});

for (
  const form of [`client_secret=${MARKER}`, "scope=a&grant_type=x", "scope=", MARKER, "=", "&"]
) {
  Deno.test(`AUTH_TOKEN_PARAMETERS=${form} is refused: only what a token is for can be added`, () => {
    const env = envOf([ENTRY], { AUTH_TOKEN_URL: "https://x/", AUTH_TOKEN_PARAMETERS: form });
    assertEquals(faultsOf(env).map((fault) => fault.split(" ", 1)[0]), ["AUTH_TOKEN_PARAMETERS"]);
  });
}

Deno.test("AUTH_TOKEN_PARAMETERS without AUTH_TOKEN_URL is reported", () => {
  assertEquals(faultsOf(envOf([ENTRY], { AUTH_TOKEN_PARAMETERS: "scope=a" })), [
    "AUTH_TOKEN_PARAMETERS is set, but without AUTH_TOKEN_URL there are no token requests",
  ]);
});
