import * as v from "valibot";
import { Budgets } from "../../budgets/budgets.ts";
import { countMessage } from "../../policies/count.ts";
import { countryOf } from "../../policies/country_of.ts";
import { readMessage } from "../../policies/message.ts";
import { Policies } from "../../policies/policies.ts";
import { policiesSchema } from "../../policies/policy.ts";
import { readRecipients } from "../../policies/recipients.ts";
import { violationsOf } from "../../policies/violations.ts";
import { MemoryCounters } from "../../state/memory_counters.ts";

/** What a policy costs a send: its search, the reading of the body, every rule, a reservation. */

const policies = new Policies(v.parse(policiesSchema, [
  ...Array.from({ length: 50 }, (_, i) => ({ name: `p${i}`, callers: [`team-${i}-*`, `s${i}`] })),
  {
    name: "shop",
    callers: ["shop-*"],
    countries: ["SE", "US"],
    senders: ["ACME"],
    messages: { per_minute: 1e9, per_hour: 1e9, per_day: 1e9 },
  },
]));
const budgets = new Budgets(new MemoryCounters());

function bodyTo(recipients: number, extra: object = {}): Uint8Array {
  const to = Array.from(
    { length: recipients },
    (_, i) => i % 2 ? `+4670123${1000 + i}` : `+1202555${1000 + i}`,
  );
  const body = "Your parcel is on its way and will arrive today between 14:00 and 16:00.";
  return new TextEncoder().encode(JSON.stringify({ from: "ACME", to, body, ...extra }));
}

function judge(bytes: Uint8Array): number {
  const policy = policies.match("shop-7");
  if (!policy) throw new Error("no policy");
  const read = readMessage(bytes);
  const recipients = readRecipients(read.message?.to, read.message?.to_add);
  const options = { policy, countryOf, groups: new Map() };
  const counts = countMessage(read.message ?? {}, recipients, options);
  const violations = violationsOf(policy, { ...read, isNew: true, recipients, counts });
  if (violations.length > 0) throw new Error(`${violations}`);
  return counts.messages;
}

Deno.bench("no policy matches", () => {
  policies.match("billing");
});

for (const recipients of [1, 10, 100, 1000]) {
  const bytes = bodyTo(recipients);
  Deno.bench(`${recipients} recipients in two countries`, () => {
    judge(bytes);
  });
}

const ten = bodyTo(10);
Deno.bench("10 recipients, and a reservation in three budgets in memory", async () => {
  const policy = policies.match("shop-7");
  if (policy) await budgets.reserve(policy, judge(ten));
});

const values = { name: { default: "Ada", "+46701231001": "Grace", "+46701231003": "Edsger" } };
const withParameters = bodyTo(10, {
  body: "Hello ${name}, your code is 123456.",
  parameters: values,
});
Deno.bench("10 recipients with parameters", () => {
  judge(withParameters);
});
