import { assertEquals } from "@std/assert";
import fc from "fast-check";
import * as v from "valibot";
import { Policies } from "../../policies/policies.ts";
import { MAX_POLICIES, policiesSchema, type Policy } from "../../policies/policy.ts";

const faults = (list: unknown) =>
  v.safeParse(policiesSchema, list).issues?.map((issue) =>
    `${v.getDotPath(issue) ?? ""} ${issue.message}`
  ) ?? [];

const policy = (name: string, ...callers: string[]) => ({ name, callers });

Deno.test("every fault of every policy is found at once, by its path", () => {
  const list = [
    { name: "a b", callers: [], countries: ["SE", "sweden", "XX"], mode: "dry" },
    { name: "b", callers: ["x*y", "*"], messages: { per_day: 0, per_hour: 1.5 }, contries: ["SE"] },
    { callers: "*", senders: ["+46 70", "a name that is too long"], messages: {}, groups: "no" },
  ];
  assertEquals(faults(list).map((fault) => fault.split(" ")[0]), [
    "0.name",
    "0.callers",
    "0.countries.1",
    "0.countries.2",
    "0.mode",
    "1.callers.0",
    "1.messages.per_hour",
    "1.messages.per_day",
    "1.contries",
    "2.name",
    "2.callers",
    "2.messages",
    "2.senders.0",
    "2.senders.1",
    "2.groups",
  ]);
});

Deno.test("a list has at most 10,000 policies, each with a name of its own", () => {
  const list = Array.from({ length: MAX_POLICIES }, (_, i) => policy(`p${i}`, "*"));
  assertEquals(faults(list), []);
  assertEquals(faults([...list, policy("more", "*")]), [" must have at most 10000 policies"]);
  const twice = [policy("a", "x"), policy("b", "y"), policy("a", "z")];
  assertEquals(faults(twice), ["2.name is the name of an earlier policy"]);
});

Deno.test("a policy without rules allows everything, and members have the units of the contract", () => {
  const all = {
    ...policy("b", "c"),
    messages: { per_minute: 1, per_hour: 2, per_day: 3 },
    countries: ["SE", "NO"],
    senders: ["+46 (70) 123-4567", "ACME", "12345"],
    groups: false,
    mode: "warn",
  };
  assertEquals<readonly Policy[]>(v.parse(policiesSchema, [policy("a", "*"), all]), [
    { ...policy("a", "*"), groups: true, mode: "live" },
    {
      ...policy("b", "c"),
      messages: { perMinute: 1, perHour: 2, perDay: 3 },
      countries: new Set(["SE", "NO"]),
      senders: new Set(["46701234567", "ACME", "12345"]),
      groups: false,
      mode: "warn",
    },
  ]);
});

Deno.test("the first policy that matches applies: subjects exactly, `*` at the end as a prefix", () => {
  const policies = new Policies(v.parse(policiesSchema, [
    policy("one", "billing", "batch-*"),
    policy("two", "batch-7", "bill*", "shop"),
    policy("three", "shop", "sho*"),
  ]));
  const matched = (subject?: string) => policies.match(subject)?.name;
  const expected = {
    billing: "one",
    "batch-": "one",
    "batch-7": "one",
    batch: undefined,
    bill: "two",
    billings: "two",
    shop: "two",
    shops: "three",
    Billing: undefined,
    "": undefined,
  };
  for (const [subject, name] of Object.entries(expected)) assertEquals(matched(subject), name);
  assertEquals(matched(undefined), undefined);
  policies.replace(v.parse(policiesSchema, [policy("all", "*")]));
  assertEquals([matched("billing"), matched(""), matched(undefined)], ["all", "all", "all"]);
});

Deno.test("for any list and any subject the policy is that of a search in the order of the list", () => {
  const letters = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 3 });
  const callers = fc.array(
    fc.tuple(letters, fc.boolean()).map(([name, isPrefix]) =>
      isPrefix || name === "" ? `${name}*` : name
    ),
    { minLength: 1, maxLength: 4 },
  );
  fc.assert(fc.property(fc.array(callers, { maxLength: 8 }), letters, (lists, subject) => {
    const list = lists.map((of, index) => policy(`p${index}`, ...of));
    const matches = (caller: string) =>
      caller.endsWith("*") ? subject.startsWith(caller.slice(0, -1)) : caller === subject;
    const expected = list.find((one) => one.callers.some(matches))?.name;
    assertEquals(new Policies(v.parse(policiesSchema, list)).match(subject)?.name, expected);
  }));
});
