import { assert, assertEquals, assertMatch } from "@std/assert";
import { Budgets } from "../../budgets/budgets.ts";
import { MemoryCounters } from "../../state/memory_counters.ts";
import { MemoryStore } from "../../state/memory.ts";
import { StateError } from "../../state/store.ts";
import {
  jsonReply,
  type TestGateway,
  testGateway,
  type TestGatewayOptions,
} from "../support/gateway.ts";

const BATCHES = "/xms/v1/plan-1/batches";

/** Ten seconds before the end of an hour. */
const NOW = Date.parse("2026-03-04T12:59:50Z");

const SHOP = { name: "shop", callers: ["shop"], messages: { per_minute: 6, per_hour: 10 } };

interface Budgeted extends TestGateway {
  readonly counters: MemoryCounters;
  setClock(now: number): void;
  /** Sends a message of one part to so many recipients, as the subject `shop`. */
  send(recipients: number, headers?: Record<string, string>): Promise<Response>;
}

async function budgeted(
  policy: object = SHOP,
  options: TestGatewayOptions = {},
): Promise<Budgeted> {
  let now = NOW;
  const counters = new MemoryCounters({ now: () => now });
  const gateway = await testGateway({
    upstream: () => jsonReply(201, { id: "b1" }),
    ...options,
    env: { POLICIES: JSON.stringify([policy]), ...options.env },
    deps: { budgets: new Budgets(counters), ...options.deps },
  });
  const to = (count: number) => Array.from({ length: count }, (_, index) => `4670123456${index}`);
  return Object.assign(Object.create(gateway), {
    counters,
    setClock: (time: number) => void (now = time),
    send: (recipients: number, headers: Record<string, string> = {}) =>
      gateway.request(BATCHES, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: JSON.stringify({ from: "12345", to: to(recipients), body: "Hello" }),
        token: { subject: "shop" },
      }),
  });
}

/** What is used of the minute and of the hour. */
async function used({ counters }: Budgeted): Promise<number[]> {
  const limits = [{ unit: "minute", limit: 1 }, { unit: "hour", limit: 1 }] as const;
  const { windows } = await counters.reserve("shop", { amount: 0, limits });
  return windows.map((window) => window.used);
}

const fields = (
  { headers }: Response,
) => [headers.get("ratelimit"), headers.get("ratelimit-policy")];

const POLICY_FIELD =
  '"per_minute";q=6;w=60;qu="message-parts", "per_hour";q=10;w=3600;qu="message-parts"';

Deno.test("a success tells what is left of each budget, and when it begins anew", async () => {
  const gateway = await budgeted();
  const response = await gateway.send(4);
  assertEquals(response.status, 201);
  assertEquals(fields(response), ['"per_minute";r=2;t=10, "per_hour";r=6;t=10', POLICY_FIELD]);
  assertEquals(await used(gateway), [4, 4]);
});

Deno.test("a request that exceeds a budget is 429 until its window ends, and sends and takes nothing", async () => {
  const gateway = await budgeted();
  await gateway.send(4);
  const refused = await gateway.send(3);
  assertEquals([refused.status, refused.headers.get("retry-after")], [429, "10"]);
  assertEquals(fields(refused), ['"per_minute";r=2;t=10, "per_hour";r=6;t=10', POLICY_FIELD]);
  const { code, text } = await refused.json();
  assertEquals(code, "quota_exceeded");
  assertMatch(text, /needs 3 message parts, but 2 of 6 per minute \(UTC\) are left/);
  assertEquals(gateway.sent.length, 1);
  assertEquals(await used(gateway), [4, 4]);
  assertEquals((await gateway.send(2)).status, 201, "a smaller one fits");
});

Deno.test("Retry-After is the end of the last window that refuses", async () => {
  const gateway = await budgeted();
  gateway.setClock(NOW - 40 * 60_000);
  await gateway.send(6);
  gateway.setClock(NOW - 39 * 60_000);
  await gateway.send(4);
  const refused = await gateway.send(3); // 4 of 6 and 10 of 10 are used
  assertEquals(refused.headers.get("retry-after"), String(39 * 60 + 10));
  gateway.setClock(NOW + 10_000);
  assertEquals((await gateway.send(3)).status, 201);
});

Deno.test("a request larger than a whole budget is told to split", async () => {
  const gateway = await budgeted();
  const refused = await gateway.send(7);
  assertEquals([refused.status, refused.headers.has("retry-after")], [429, true]); // contract.md §2
  const { code, text } = await refused.json();
  assertEquals(code, "quota_exceeded");
  assertMatch(text, /more than the whole budget of 6 per minute: it can never pass.*Split it/);
  assertEquals(await used(gateway), [0, 0]);
});

const OUTCOMES: readonly (readonly [what: string, status: number, code: string, kept: boolean])[] =
  [
    ["refused by the API", 403, "unknown_group", false],
    ["not accepted by the API for now", 503, "service_unavailable", false],
    ["throttled by the API", 429, "too_many_requests", false],
    ["answered with a documented failure", 500, "internal_error", false],
    ["answered with an undocumented failure", 507, "internal_error", true],
  ];

for (const [what, status, code, isKept] of OUTCOMES) {
  for (const headers of [{}, { "idempotency-key": "key-1" }]) {
    const keyed = Object.keys(headers).length > 0 ? "with a key" : "without a key";
    Deno.test(`a request ${keyed} that was ${what} ${isKept ? "keeps" : "gives back"} its message parts`, async () => {
      const gateway = await budgeted(SHOP, {
        upstream: () => jsonReply(status, { code, text: "no" }),
        env: { RETRY_ATTEMPTS: "0" },
      });
      await gateway.send(5, headers);
      assertEquals(await used(gateway), isKept ? [5, 5] : [0, 0]);
    });
  }
}

Deno.test("a request that finds no slot gives its message parts back, and frees its key", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const gateway = await budgeted(SHOP, {
    env: { MAX_OUTSTANDING_PER_ROUTE: "1" },
    upstream: async () => {
      await promise;
      return jsonReply(201, { id: "b1" });
    },
  });
  const first = gateway.send(1);
  while (gateway.sent.length === 0) await new Promise((next) => setTimeout(next));
  const refused = await gateway.send(2, { "idempotency-key": "key-1" });
  assertEquals([refused.status, (await refused.json()).code], [429, "too_many_requests"]);
  assertEquals(await used(gateway), [1, 1]);
  resolve();
  await (await first).body?.cancel();
  assertEquals((await gateway.send(2, { "idempotency-key": "key-1" })).status, 201);
  assertEquals(await used(gateway), [3, 3]);
});

Deno.test("a repeat costs nothing, and one of a refused request is sent when there is budget", async () => {
  const gateway = await budgeted();
  const key = { "idempotency-key": "key-1" };
  assertEquals((await gateway.send(5, key)).status, 201);
  const replay = await gateway.send(5, key);
  assertEquals([replay.status, replay.headers.get("idempotent-replayed")], [201, "true"]);
  assertEquals(replay.headers.get("ratelimit"), null);
  assertEquals(await used(gateway), [5, 5]);
  const other = { "idempotency-key": "key-2" };
  assertEquals((await gateway.send(4, other)).status, 429);
  gateway.setClock(NOW + 10_000);
  const later = await gateway.send(4, other);
  assertEquals([later.status, later.headers.get("idempotent-replayed")], [201, null]);
  assertEquals(gateway.sent.length, 2);
});

Deno.test("in the mode warn nothing is refused, everything is counted, and callers see nothing", async () => {
  const gateway = await budgeted({ ...SHOP, mode: "warn" });
  for (const recipients of [5, 5, 9]) {
    const response = await gateway.send(recipients);
    assertEquals([response.status, ...fields(response)], [201, null, null]);
  }
  assertEquals(await used(gateway), [19, 19]);
  assertEquals(gateway.exchanges.map(({ policy }) => policy?.violations.join()), [
    "",
    "quota",
    "quota",
  ]);
});

Deno.test("only what sends costs: no dry run, no list, no caller without the policy", async () => {
  const gateway = await budgeted(SHOP, { upstream: () => jsonReply(200, {}) });
  const body = JSON.stringify({ from: "12345", to: ["46701234567"], body: "Hello" });
  const headers = { "content-type": "application/json" };
  const post = { method: "POST", headers, body };
  await gateway.request(`${BATCHES}/dry_run`, { ...post, token: { subject: "shop" } });
  await gateway.request(BATCHES, { token: { subject: "shop" } });
  const other = await gateway.request(BATCHES, { ...post, token: { subject: "another" } });
  assertEquals(fields(other), [null, null]);
  assertEquals(await used(gateway), [0, 0]);
});

Deno.test("a cancelled batch keeps its message parts", async () => {
  const gateway = await budgeted();
  await gateway.send(5);
  const token = { subject: "shop" };
  await gateway.request(`${BATCHES}/b1`, { method: "DELETE", token });
  assertEquals(await used(gateway), [5, 5]);
});

for (const isStoreDown of [false, true]) {
  Deno.test(`of two changes of a batch at once one is 429, so that both are billed: ${isStoreDown ? "without" : "with"} the store`, async () => {
    const down = () => Promise.reject(new StateError("unreachable"));
    const store = new MemoryStore();
    if (isStoreDown) Object.assign(store, { claim: down, release: down });
    const to: string[] = [];
    const gateway = await budgeted(SHOP, {
      deps: { store },
      upstream: async ({ method, body }) => {
        const batch = jsonReply(200, { id: "b1", type: "mt_text", from: "12345", to, body: "Hi" });
        await new Promise((next) => setTimeout(next, 5));
        if (method === "POST") {
          to.push(...JSON.parse(new TextDecoder().decode(body ?? undefined)).to_add);
        }
        return batch;
      },
    });
    const add = (number: string) =>
      gateway.request(`${BATCHES}/b1`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ to_add: [number] }),
        token: { subject: "shop" },
      });
    const both = await Promise.all([add("46701234567"), add("46701234568")]);
    assertEquals(both.map(({ status }) => status).sort(), [200, 429]);
    const refused = both.find(({ status }) => status === 429);
    assertEquals(refused?.headers.get("retry-after"), "1");
    assertMatch((await refused?.json()).text, /Another change of this batch is under way/);
    assertEquals((await add("46701234569")).status, 200);
    assertEquals(await used(gateway), [2, 2]);
  });
}

Deno.test("in the mode warn changes of one batch pass at once", async () => {
  const gateway = await budgeted({ ...SHOP, mode: "warn" }, {
    upstream: async () => {
      await new Promise((next) => setTimeout(next, 5));
      return jsonReply(200, { id: "b1", to: [] });
    },
  });
  const change = () =>
    gateway.request(`${BATCHES}/b1`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '{"to_add":["46701234567"]}',
      token: { subject: "shop" },
    });
  const both = await Promise.all([change(), change()]);
  assertEquals(both.map(({ status }) => status), [200, 200]);
});

Deno.test("a change of a batch on one instance keeps another from changing it", async () => {
  const store = new MemoryStore();
  const { promise, resolve } = Promise.withResolvers<void>();
  const waiting = await budgeted(SHOP, {
    deps: { store },
    upstream: async () => {
      await promise;
      return jsonReply(200, { id: "b1", to: [] });
    },
  });
  const other = await budgeted(SHOP, {
    deps: { store },
    upstream: () => jsonReply(200, { id: "b1", to: [] }),
  });
  const init = {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ from: "12345", to: ["46701234567"], body: "Hi" }),
    token: { subject: "shop" },
  };
  const first = waiting.request(`${BATCHES}/b1`, init);
  while (waiting.sent.length === 0) await new Promise((next) => setTimeout(next));
  assertEquals((await other.request(`${BATCHES}/b1`, init)).status, 429);
  assertEquals(other.sent.length, 0);
  resolve();
  assertEquals((await first).status, 200);
  assertEquals((await other.request(`${BATCHES}/b1`, init)).status, 200);
});

Deno.test("without the store an instance counts on, and says so", async () => {
  const down = () => Promise.reject(new StateError("unreachable"));
  const gateway = await budgeted(SHOP, {
    deps: { budgets: new Budgets({ reserve: down, giveBack: down }), store: new MemoryStore() },
  });
  const statuses = [];
  // The clock of the machine: a minute may end meanwhile, an hour hardly.
  for (let sends = 0; sends < 3; sends++) statuses.push((await gateway.send(5)).status);
  assertEquals(statuses.slice(0, 1), [201]);
  assert(statuses.includes(429), statuses.join());
  assertEquals(gateway.exchanges[0]?.budget?.countedBy, "instance");
});
