import { assertEquals, assertRejects } from "@std/assert";
import { issuerLabels } from "../../auth/issuer_labels.ts";
import { Issuers } from "../../auth/issuers.ts";
import { type KeySet, KeySetUnavailableError, staticKeySet } from "../../auth/key_set.ts";
import { AuthRefusal } from "../../errors/auth_refusal.ts";
import { GatewayError } from "../../errors/gateway_error.ts";
import type { IssuerSettings } from "../../issuer_settings.ts";
import { settingsOf, type TestIssuer, testIssuer, type TokenOptions } from "../support/issuer.ts";

const ONE = "https://one.test";
const TWO = "https://two.test";

// The same kid everywhere, as different issuers may have by chance or on purpose.
const one = { ...await testIssuer("ES256", "same"), issuer: ONE };
const two = { ...await testIssuer("ES256", "same"), issuer: TWO };
const slash = { ...await testIssuer("ES256", "same"), issuer: `${ONE}/` };

/** Issuers with the key sets of the settings; `created` names those that were created. */
function issuersOf(settings: readonly IssuerSettings[], keySets: Record<string, KeySet> = {}) {
  const created: string[] = [];
  const issuers = new Issuers(settings, {
    clockToleranceS: 0,
    createKeySet({ issuer, keySet }) {
      created.push(issuer);
      return keySets[issuer] ?? staticKeySet("jwks" in keySet ? keySet.jwks : { keys: [] });
    },
  });
  return { issuers, created };
}

/** A token with the `iss` of its signer, unless the options say otherwise. */
const tokenOf = (signer: TestIssuer, options: TokenOptions = {}) =>
  signer.token({ issuer: signer.issuer, ...options });

const reasonOf = async (issuers: Issuers, token: string) =>
  (await assertRejects(() => issuers.verify(token), AuthRefusal)).reason;

const DOWN: KeySet = {
  ...staticKeySet({ keys: [] }),
  isReady: () => false,
  getKey: () => Promise.reject(new KeySetUnavailableError()),
};

Deno.test("each issuer's tokens are accepted under its own name, a slash apart too", async () => {
  const { issuers } = issuersOf([one, two, slash].map((each) => settingsOf(each)));
  for (const issuer of [one, two, slash]) {
    const token = await tokenOf(issuer);
    for (let time = 0; time < 2; time++) {
      assertEquals((await issuers.verify(token)).issuer, issuer.issuer);
    }
    assertEquals(issuers.recall(token)?.issuer, issuer.issuer);
  }
});

Deno.test("a key of one issuer never verifies a token of another", async () => {
  const all = [one, two, slash];
  const { issuers } = issuersOf(all.map((each) => settingsOf(each)));
  for (const signer of all) {
    await issuers.verify(await tokenOf(signer));
    for (const named of all.filter((each) => each !== signer)) {
      const token = await tokenOf(signer, { issuer: named.issuer });
      assertEquals(await reasonOf(issuers, token), "signature");
      assertEquals(issuers.recall(token), undefined);
    }
  }
});

/** Names that are no issuer's, though they resemble one. */
const OTHER_NAMES: readonly unknown[] = [
  `${TWO}/`,
  "https://ONE.test",
  "http://one.test",
  "https://one.test:443",
  ` ${ONE}`,
  `${ONE}\0`,
  "",
  "__proto__",
  "constructor",
  [ONE],
  { toString: ONE },
  7,
  null,
  true,
];

for (const iss of OTHER_NAMES) {
  Deno.test(`a token whose iss is ${JSON.stringify(iss)} is refused as of another issuer`, async () => {
    const { issuers } = issuersOf([settingsOf(one), settingsOf(two)]);
    assertEquals(await reasonOf(issuers, await tokenOf(one, { claims: { iss } })), "issuer");
  });
}

Deno.test("audiences, algorithms and plans are those of the token's issuer", async () => {
  const { issuers } = issuersOf([
    settingsOf(one, { audiences: ["aud-one", "sms-gateway"], plansClaim: "scope" }),
    settingsOf(two, { audiences: ["aud-two"], algorithms: ["RS256"] }),
  ]);
  const claims = { scope: "plan-9", service_plans: ["plan-1"] };
  const principal = await issuers.verify(await tokenOf(one, { audience: "aud-one", claims }));
  assertEquals(principal.servicePlans, ["plan-9"]);
  assertEquals(await reasonOf(issuers, await tokenOf(one, { audience: "aud-two" })), "audience");
  assertEquals(await reasonOf(issuers, await tokenOf(two, { audience: "aud-two" })), "algorithm");
});

Deno.test("an audience in another claim is required there, and aud does not count", async () => {
  const { issuers } = issuersOf([settingsOf(one, { audienceClaim: "client_id" })]);
  const token = (claims: Record<string, unknown>) => tokenOf(one, { claims });
  const { subject } = await issuers.verify(
    await token({ client_id: one.audience, aud: undefined }),
  );
  assertEquals(subject, "service-a");
  for (const client_id of [undefined, "other", [], { [one.audience]: 1 }]) {
    assertEquals(await reasonOf(issuers, await token({ client_id })), "audience");
  }
});

const ODD_PLANS: readonly unknown[] = [
  { "plan-1": true },
  { 0: "plan-1", length: 1 },
  1,
  null,
  [["plan-1"]],
  [{ toString: "plan-1" }],
  Array(1_400).fill(7),
];

for (const servicePlans of ODD_PLANS) {
  const name = JSON.stringify(servicePlans).slice(0, 40);
  Deno.test(`a token with the plans ${name} is verified and names none`, async () => {
    const { issuers } = issuersOf([settingsOf(one)]);
    assertEquals((await issuers.verify(await tokenOf(one, { servicePlans }))).servicePlans, []);
  });
}

Deno.test("a token with 10,000 plans is longer than a token may be, and refused unread", async () => {
  const { issuers } = issuersOf([settingsOf(one)]);
  const servicePlans = Array.from({ length: 10_000 }, (_, index) => `${index}`);
  assertEquals(await reasonOf(issuers, await tokenOf(one, { servicePlans })), "malformed");
});

Deno.test("a claim __proto__ gives no plans", async () => {
  const { issuers } = issuersOf([settingsOf(one)]);
  const claims = JSON.parse('{"__proto__":{"service_plans":["plan-1"]}}');
  const { servicePlans } = await issuers.verify(
    await tokenOf(one, {
      servicePlans: undefined,
      claims: { ...claims, service_plans: undefined },
    }),
  );
  assertEquals(servicePlans, []);
});

Deno.test("an issuer that is down does not touch the tokens of another", async () => {
  const { issuers } = issuersOf([settingsOf(one), settingsOf(two)], { [TWO]: DOWN });
  assertEquals((await issuers.verify(await tokenOf(one))).issuer, ONE);
  const error = await assertRejects(async () => issuers.verify(await tokenOf(two)), GatewayError);
  assertEquals(error.failure.code, "key_set_unavailable");
  assertEquals(await reasonOf(issuers, await tokenOf(one, { issuer: "https://x.test" })), "issuer");
});

Deno.test("new keys of one issuer leave the verified tokens of another", async () => {
  const changing = { ...staticKeySet(one.jwks), version: 0 };
  const { issuers } = issuersOf([settingsOf(one), settingsOf(two)], { [ONE]: changing });
  const [ofOne, ofTwo] = [await tokenOf(one), await tokenOf(two)];
  for (const token of [ofOne, ofTwo]) await issuers.verify(token);
  changing.version++;
  assertEquals([issuers.recall(ofOne), issuers.recall(ofTwo)?.issuer], [undefined, TWO]);
});

Deno.test("replaced settings keep the keys and verified tokens of issuers that did not change", async () => {
  const settings = [settingsOf(one), settingsOf(two)];
  const { issuers, created } = issuersOf(settings);
  const token = await tokenOf(one);
  await issuers.verify(token);
  issuers.replace([settingsOf(slash), settingsOf(one)]);
  assertEquals(issuers.recall(token)?.issuer, ONE);
  assertEquals(created, [ONE, TWO, slash.issuer]);
  assertEquals(await reasonOf(issuers, await tokenOf(two)), "issuer");
  assertEquals((await issuers.verify(await tokenOf(slash))).issuer, slash.issuer);
});

Deno.test("an issuer with other rules keeps its keys, and its tokens are judged again", async () => {
  const { issuers, created } = issuersOf([settingsOf(one)]);
  const token = await tokenOf(one);
  await issuers.verify(token);
  issuers.replace([settingsOf(one, { plansMap: new Map([["plan-1", ["plan-7"]]]) })]);
  assertEquals(issuers.recall(token), undefined);
  assertEquals((await issuers.verify(token)).servicePlans, ["plan-7"]);
  issuers.replace([settingsOf(one, { audiences: ["other"] })]);
  assertEquals([issuers.recall(token), await reasonOf(issuers, token)], [undefined, "audience"]);
  assertEquals(created, [ONE]);
});

Deno.test("an issuer that was removed, or has other keys, has no verified tokens left", async () => {
  const { issuers, created } = issuersOf([settingsOf(one)]);
  const token = await tokenOf(one);
  await issuers.verify(token);
  issuers.replace([settingsOf(two)]);
  assertEquals(issuers.recall(token), undefined);
  issuers.replace([settingsOf(one)]);
  assertEquals(issuers.recall(token), undefined);
  await issuers.verify(token);
  issuers.replace([settingsOf({ ...one, jwks: two.jwks })]);
  assertEquals([issuers.recall(token), await reasonOf(issuers, token)], [undefined, "signature"]);
  assertEquals(created, [ONE, TWO, ONE, ONE]);
});

Deno.test("an issuer is named by its host, with its place where that is not enough", () => {
  assertEquals(
    issuerLabels([ONE, "https://kc.test/realms/a", "https://kc.test/realms/b", "my issuer"]),
    ["one.test", "kc.test#2", "kc.test#3", "issuer#4"],
  );
});

Deno.test("the name of an issuer in logs and metrics is that of its place, also after the order changes", () => {
  const names = ["https://kc.test/a", "https://kc.test/b", ONE];
  const settings = names.map((issuer) => settingsOf({ ...one, issuer }));
  const labels = new Map<string, () => string>();
  const issuers = new Issuers(settings, {
    clockToleranceS: 0,
    createKeySet({ issuer }, label) {
      labels.set(issuer, label);
      return DOWN;
    },
  });
  const labelled = () => names.map((name) => labels.get(name)?.());
  assertEquals(labelled(), ["kc.test#1", "kc.test#2", "one.test"]);
  issuers.replace(settings.toReversed());
  assertEquals(labelled(), ["kc.test#3", "kc.test#2", "one.test"]);
  assertEquals(issuers.keySets().map(({ label }) => label), ["one.test", "kc.test#2", "kc.test#3"]);
});
