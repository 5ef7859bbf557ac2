import { assertEquals } from "@std/assert";
import { claimAt, hasOneOf, servicePlansOf } from "../../auth/claims.ts";
import type { ClaimPath, IssuerSettings } from "../../issuer_settings.ts";
import { settingsOf } from "../support/issuer.ts";

const ISSUER = { issuer: "https://issuer.test", audience: "a", jwks: { keys: [] } };

const plansIn = (claims: object, settings: Partial<IssuerSettings>) =>
  servicePlansOf(claims, settingsOf(ISSUER, settings));

/** Claims as a token has them. */
const parsed = (text: string): object => JSON.parse(text);

const PATHS: readonly [path: ClaimPath, claims: string, value: unknown][] = [
  ["plans", '{"plans":["a"]}', ["a"]],
  ["resource_access.sms.roles", '{"resource_access":{"sms":{"roles":["a"]}}}', ["a"]],
  ["https://example.com/plans", '{"https://example.com/plans":["a"]}', ["a"]],
  ["a.b", '{"a.b":1,"a":{"b":2}}', 1],
  [["a", "b"], '{"a.b":1,"a":{"b":2}}', 2],
  [["kubernetes.io", "namespace"], '{"kubernetes.io":{"namespace":"billing"}}', "billing"],
  ["a.b", '{"a":null}', undefined],
  ["a.b", '{"a":"text"}', undefined],
  ["a.length", '{"a":"text"}', undefined],
  ["a.length", '{"a":["x"]}', undefined],
  ["a.0", '{"a":["x"]}', undefined],
  ["", "{}", undefined],
  ["toString", "{}", undefined],
  ["constructor.name", "{}", undefined],
  ["__proto__", "{}", undefined],
  ["a.__proto__.b", '{"a":{}}', undefined],
  ["hasOwnProperty", '{"hasOwnProperty":["a"]}', ["a"]],
];

for (const [path, claims, value] of PATHS) {
  Deno.test(`the claim ${JSON.stringify(path)} of ${claims} is ${JSON.stringify(value)}`, () => {
    assertEquals(claimAt(parsed(claims), path), value);
  });
}

Deno.test("a member named __proto__ is data, and gives nothing to other objects", () => {
  const claims = parsed('{"__proto__":{"plans":["a"]},"other":{"__proto__":{"plans":["b"]}}}');
  assertEquals(plansIn(claims, { plansClaim: "plans" }), []);
  assertEquals(plansIn(claims, { plansClaim: "other.plans" }), []);
  assertEquals(plansIn({}, { plansClaim: "plans" }), []);
});

const VALUES: readonly [value: unknown, plans: readonly string[]][] = [
  [["a", "b"], ["a", "b"]],
  ["a b", ["a", "b"]],
  ["  a   b ", ["a", "b"]],
  ["a,b", ["a,b"]],
  ["a\tb", ["a\tb"]],
  ["", []],
  [["a b"], ["a b"]],
  [[["a"]], []],
  [[1, null, true, { a: 1 }, "a"], ["a"]],
  [{ a: true }, []],
  [{ 0: "a", length: 1 }, []],
  [7, []],
  [null, []],
  [true, []],
];

for (const [value, plans] of VALUES) {
  Deno.test(`a claim ${JSON.stringify(value)} names the plans ${JSON.stringify(plans)}`, () => {
    assertEquals(plansIn({ service_plans: value }, {}), plans);
  });
}

Deno.test("only values with the prefix are plans, without it", () => {
  const scope = "openid sms:plan-1 SMS:plan-2 xsms:plan-3 sms: sms:sms:plan-4 sms";
  assertEquals(plansIn({ scope }, { plansClaim: "scope", plansPrefix: "sms:" }), [
    "plan-1",
    "sms:plan-4",
  ]);
});

Deno.test("a map gives the plans of a value, each once, and none for other values", () => {
  const plansMap = new Map([["billing", ["plan-1", "plan-2"]], ["alerts", ["plan-2"]]]);
  const settings = { plansClaim: "roles", plansPrefix: "sms-", plansMap };
  const roles = ["sms-billing", "sms-alerts", "sms-plan-3", "sms-constructor", "billing"];
  assertEquals(plansIn({ roles }, settings), ["plan-1", "plan-2"]);
  assertEquals(plansIn({ roles: ["sms-plan-1"] }, settings), []);
});

Deno.test("10,000 entries are all read", () => {
  const plans = Array.from({ length: 10_000 }, (_, index) => `plan-${index}`);
  assertEquals(plansIn({ service_plans: plans }, {}).length, 10_000);
});

Deno.test("an audience is one of several, whole, in a string or a list", () => {
  const has = (client_id: unknown) => hasOneOf({ client_id }, "client_id", ["one", "two"]);
  assertEquals(["one", "two", ["x", "two"]].map(has), [true, true, true]);
  assertEquals(
    ["", "on", "one two", ["x"], [], undefined, null, 1, [["one"]], { one: 1 }].some(has),
    false,
  );
});
