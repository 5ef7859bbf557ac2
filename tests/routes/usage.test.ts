import { assert, assertEquals } from "@std/assert";
import * as v from "valibot";
import { Budgets } from "../../budgets/budgets.ts";
import { UsageResponse } from "../../schemas/mod.ts";
import { MemoryCounters } from "../../state/memory_counters.ts";
import { StateError } from "../../state/store.ts";
import { jsonReply, testGateway } from "../support/gateway.ts";

const NOW = Date.parse("2026-03-04T12:59:50Z");

const POLICIES = JSON.stringify([
  {
    name: "shop",
    callers: ["shop", "shop-46701234567"],
    messages: { per_hour: 10, per_day: 100 },
    countries: ["SE"],
    senders: ["46709999999"],
    groups: false,
  },
  { name: "free", callers: ["free"] },
  { name: "trial", callers: ["trial"], messages: { per_day: 2 }, mode: "warn" },
]);

const world = (counters = new MemoryCounters({ now: () => NOW })) =>
  testGateway({
    upstream: () => jsonReply(201, { id: "b1" }),
    env: { POLICIES },
    deps: { budgets: new Budgets(counters) },
  });

async function usageOf(gateway: Awaited<ReturnType<typeof world>>, subject: string) {
  const response = await gateway.request("/usage", { token: { subject } });
  assertEquals([response.status, response.headers.has("x-request-id")], [200, true]);
  return v.parse(v.strictObject(UsageResponse.entries), await response.json());
}

Deno.test("GET /usage tells a caller its policy, and what is used and left of its budgets", async () => {
  const gateway = await world();
  const to = ["46701234561", "46701234562", "46701234563"];
  await gateway.request("/xms/v1/plan-1/batches", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ from: "46709999999", to, body: "Hello" }),
    token: { subject: "shop" },
  });
  assertEquals(await usageOf(gateway, "shop"), {
    policy: "shop",
    mode: "live",
    countries: ["SE"],
    groups: false,
    unit: "message_parts",
    budgets: [
      { window: "hour", limit: 10, used: 3, left: 7, resets_at: "2026-03-04T13:00:00.000Z" },
      { window: "day", limit: 100, used: 3, left: 97, resets_at: "2026-03-05T00:00:00.000Z" },
    ],
    counted_by: "store",
  });
});

Deno.test("GET /usage has no phone number: neither callers nor senders of the policy", async () => {
  const response = await (await world()).request("/usage", { token: { subject: "shop" } });
  const text = await response.text();
  assert(!/\d{7}/.test(text.replace(/"resets_at":"[^"]*"/g, "")), text);
  assertEquals(response.headers.get("cache-control"), "no-store");
});

Deno.test("GET /usage of a caller without a policy says so, and of one without budgets has none", async () => {
  const gateway = await world();
  const none = { unit: "message_parts" as const, budgets: [] };
  assertEquals(await usageOf(gateway, "somebody"), { policy: null, ...none });
  assertEquals(await usageOf(gateway, "free"), {
    policy: "free",
    mode: "live",
    groups: true,
    ...none,
  });
});

Deno.test("GET /usage never has less than 0 left, as after too much in the mode warn", async () => {
  const counters = new MemoryCounters({ now: () => NOW });
  const limits = [{ unit: "day", limit: 2 }] as const;
  await counters.reserve("trial", { amount: 5, limits, force: true });
  const { mode, budgets } = await usageOf(await world(counters), "trial");
  assertEquals([mode, budgets[0]?.used, budgets[0]?.left], ["warn", 5, 0]);
});

Deno.test("GET /usage needs a valid token, and no service plan", async () => {
  const gateway = await world();
  const missing = await gateway.request("/usage", { token: null });
  assertEquals([missing.status, (await missing.json()).code], [401, "unauthorized"]);
  assert(missing.headers.get("www-authenticate"));
  const headers = { authorization: "Bearer a.b.c" };
  assertEquals((await gateway.request("/usage", { headers })).status, 401);
  const noPlans = await gateway.request("/usage", { token: { subject: "free", servicePlans: [] } });
  assertEquals(noPlans.status, 200);
});

Deno.test("/usage is traced, and has no other methods", async () => {
  const gateway = await world();
  const post = await gateway.request("/usage", { method: "POST", token: { subject: "shop" } });
  assertEquals([post.status, post.headers.get("allow")], [405, "GET, HEAD"]);
  const head = await gateway.request("/usage", { method: "HEAD", token: { subject: "shop" } });
  assertEquals([head.status, await head.text()], [200, ""]);
  assertEquals(gateway.spans.map(({ name }) => name), ["POST /usage", "HEAD /usage"]);
  assertEquals(gateway.sent, []);
});

Deno.test("GET /usage says who counts while the store does not answer", async () => {
  const down = () => Promise.reject(new StateError("unreachable"));
  const gateway = await testGateway({
    env: { POLICIES },
    deps: { budgets: new Budgets({ reserve: down, giveBack: down }) },
  });
  assertEquals((await usageOf(gateway, "shop")).counted_by, "instance");
});
