import { assert, assertEquals } from "@std/assert";
import { decodeBatchRecord, encodeBatchRecord } from "../../callbacks/batch_record.ts";
import { RecordKeys } from "../../callbacks/record_keys.ts";
import { SentBatches } from "../../callbacks/sent_batches.ts";
import { MemoryStore } from "../../state/memory.ts";
import { type Claim, StateError } from "../../state/store.ts";
import { jsonReply, testGateway } from "../support/gateway.ts";
import {
  callbackGateway,
  oldBatchId,
  RECIPIENT,
  recipientReport,
  SETTINGS,
  signed,
} from "./kit.ts";

const SPAN = {
  traceId: "0af7651916cd43dd8448eb211c80319c",
  spanId: "b7ad6b7169203331",
  traceFlags: 1,
};
const SENT_AT_MS = 1_767_225_600_000;
const RECORD = {
  relay: "billing",
  span: SPAN,
  sentAtMs: SENT_AT_MS,
  untilMs: SENT_AT_MS + 1_000,
  isTest: false,
};

Deno.test("a record of a batch is read as it was written; of other versions nothing is read", () => {
  assertEquals(decodeBatchRecord(encodeBatchRecord(RECORD)), RECORD);
  const without = { ...RECORD, relay: undefined };
  assertEquals(decodeBatchRecord(encodeBatchRecord(without)), without);
  for (const text of ["", "[2]", '{"relay":1}', '[1,null,"a","b",1,1]']) {
    assertEquals(decodeBatchRecord(new TextEncoder().encode(text)), undefined, text);
  }
});

Deno.test("keys of records differ by plan, purpose and hash_key, and contain nothing of what they name", () => {
  const keys = [undefined, "k".repeat(32)].flatMap((hashKey) => {
    const records = new RecordKeys(hashKey);
    return [records.nonce(RECIPIENT)].concat(["plan-1", "plan-2"].flatMap((plan) => [
      records.batch(plan, RECIPIENT),
      records.event(plan, RECIPIENT),
      records.webhookId(plan, RECIPIENT),
    ]));
  });
  assertEquals(new Set(keys).size, 14);
  assert(keys.every((key) => !key.includes(RECIPIENT.slice(0, 6))));
});

/** A store that keeps what it was asked to create. */
function recordingStore() {
  const store = new MemoryStore();
  const claims: Claim[] = [];
  const claim = store.claim.bind(store);
  store.claim = (key, one) => {
    claims.push(one);
    return claim(key, one);
  };
  return { store, claims };
}

const post = { method: "POST", headers: { "content-type": "application/json" }, body: "{}" };

Deno.test("a batch is remembered after its 201, with neither caller nor recipient", async () => {
  const { store, claims } = recordingStore();
  const { gateway, send } = await callbackGateway({ deps: { store } });
  const id = await send("billing");
  const [claim] = claims;
  assert(claim && claims.length === 1);
  const text = new TextDecoder().decode(claim.value);
  for (const secret of [RECIPIENT, id, "plan-1", "service-a"]) {
    assertEquals(text.includes(secret), false, secret);
  }
  const { traceId, spanId } = gateway.exchanges[0]!.span.spanContext();
  assertEquals(decodeBatchRecord(claim.value)?.span, { traceId, spanId, traceFlags: 1 });
  assertEquals(gateway.exchanges[0]?.batchId, id);
});

Deno.test("only sends that the API accepted are remembered, and none where callbacks are not configured", async () => {
  const { store, claims } = recordingStore();
  const { gateway } = await callbackGateway({ deps: { store } });
  const token = { servicePlans: ["plan-1", "plan-2"] };
  await gateway.request("/xms/v1/plan-1/groups", { ...post, token });
  await gateway.request("/xms/v1/plan-2/batches", { ...post, token });
  assertEquals(claims.length, 0);
  const other = await callbackGateway({ deps: { store }, env: { CALLBACKS: "" } });
  await other.gateway.request("/xms/v1/plan-1/batches", { ...post, token });
  assertEquals([claims.length, other.gateway.exchanges[0]?.batchId], [0, undefined]);
});

const DAY_MS = 86_400_000;
const inDays = (days: number) => new Date(Date.now() + days * DAY_MS).toISOString();

/** Times of a batch, and for how many days it is remembered. */
const LIFETIMES: readonly (readonly [times: object, days: number])[] = [
  [{}, 5],
  [{ expire_at: "soon", send_at: 7 }, 5],
  [{ expire_at: inDays(1) }, 5],
  [{ expire_at: inDays(30) }, 32],
  [{ send_at: inDays(30) }, 35],
  [{ send_at: inDays(30), expire_at: inDays(40) }, 42],
  [{ expire_at: inDays(10_000) }, 366],
];

/** Where the gateway learns the times from: of a large answer it reads the id only. */
const SOURCES = {
  "the answer": { inRequest: false, streamed: false },
  "the request, where the answer is large": { inRequest: true, streamed: true },
};

for (const [source, { inRequest, streamed }] of Object.entries(SOURCES)) {
  Deno.test(`a batch is remembered until its callbacks can no longer come, by ${source}`, async () => {
    const { store, claims } = recordingStore();
    let times: object = {};
    const reply = () => ({ id: oldBatchId(), ...inRequest ? {} : times });
    const gateway = await replyingGateway(store, reply, streamed);
    for (const [one] of LIFETIMES) {
      times = one;
      const body = JSON.stringify(inRequest ? times : {});
      const response = await gateway.request("/xms/v1/plan-1/batches", { ...post, body });
      await response.body?.pipeTo(new WritableStream());
    }
    const days = claims.map(({ ttlMs }) => Math.round(ttlMs / DAY_MS * 10) / 10);
    assertEquals(days, LIFETIMES.map(([, days]) => days));
  });
}

Deno.test("a batch that is changed to be sent or to expire later is remembered for longer, never for less", async (t) => {
  for (const method of ["POST", "PUT"]) {
    await t.step(method, async () => {
      let nowMs = Date.now();
      const store = new MemoryStore({ now: () => nowMs });
      const id = oldBatchId();
      let status = 201;
      const { gateway } = await callbackGateway({
        deps: { store, now: () => nowMs },
        upstream: () => jsonReply(status, status < 300 ? { id } : { code: "a", text: "b" }),
      });
      const request = (path: string, { method = "POST", body = {} } = {}) =>
        gateway.request(`/xms/v1/plan-1/batches${path}`, {
          ...post,
          method,
          body: JSON.stringify(body),
          token: { subject: "billing" },
        });
      const find = () => store.read(new RecordKeys(undefined).batch("plan-1", id));
      const changes = [[200, 30], [200, 1], [403, 300]] as const;
      await request("", { body: { expire_at: inDays(10) } });
      for (const [answer, days] of changes) {
        status = answer;
        await request(`/${id}`, { method, body: { expire_at: inDays(days) } });
      }
      nowMs += 31.9 * DAY_MS;
      const record = await find();
      assertEquals(record && decodeBatchRecord(record.value)?.relay, "billing");
      nowMs += 0.2 * DAY_MS;
      assertEquals(await find(), undefined);
    });
  }
});

Deno.test("a change of a batch that is not remembered creates no record", async () => {
  const { store, claims } = recordingStore();
  const { gateway } = await callbackGateway({
    deps: { store },
    upstream: () => jsonReply(200, {}),
  });
  await gateway.request(`/xms/v1/plan-1/batches/${oldBatchId()}`, post);
  assertEquals([claims.length, store.bytes], [0, 0]);
});

Deno.test("a large answer is remembered by the id in its stream", async () => {
  const { store, claims } = recordingStore();
  const id = oldBatchId();
  const gateway = await replyingGateway(store, () => ({ id }), true);
  const response = await gateway.request("/xms/v1/plan-1/batches", post);
  assertEquals(JSON.parse(await response.text()).id, id);
  assertEquals([claims.length, gateway.exchanges[0]?.batchId], [1, id]);
});

async function replyingGateway(store: MemoryStore, reply: () => object, streamed = false) {
  return await testGateway({
    env: { CALLBACKS: JSON.stringify(SETTINGS) },
    deps: { store },
    upstream() {
      const whole = jsonReply(201, reply());
      if (!streamed || !(whole.body instanceof Uint8Array)) return whole;
      const bytes = whole.body;
      return { ...whole, body: new Blob([bytes]).stream() };
    },
  });
}

Deno.test("a batch that the store does not take at first is remembered later, without a delay for the caller", async () => {
  const store = new MemoryStore();
  const claim = store.claim.bind(store);
  let failures = 2;
  store.claim = (key, one) =>
    failures-- > 0
      ? Promise.reject(new StateError("timeout", { maybeDone: true }))
      : claim(key, one);
  const { relayed, post, send } = await callbackGateway({ deps: { store } });
  const startedAt = performance.now();
  const id = await send("billing");
  assert(performance.now() - startedAt < 200);
  while (!await store.read(new RecordKeys(undefined).batch("plan-1", id))) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assertEquals((await post(signed(recipientReport(id)))).status, 200);
  assertEquals(relayed[0]?.origin, "https://billing.test");
});

Deno.test("what is not yet written of a batch is used by the same instance, extended where it is changed", async () => {
  const store = new MemoryStore();
  const claim = store.claim.bind(store);
  store.claim = () => Promise.reject(new StateError("unreachable"));
  const now = () => SENT_AT_MS;
  const batches = new SentBatches({ store, now });
  batches.remember("a", RECORD);
  batches.extend("a", RECORD.untilMs + 5_000);
  batches.extend("a", RECORD.untilMs + 2_000);
  const extended = { ...RECORD, untilMs: RECORD.untilMs + 5_000 };
  assertEquals(await batches.find("a"), extended);
  store.claim = claim;
  while (!await store.read("a")) await new Promise((resolve) => setTimeout(resolve, 10));
  await batches.close();
  assertEquals([await batches.find("a"), batches.lost], [extended, 0]);
});

Deno.test("waiting batches are given up when the gateway stops, and counted", async () => {
  const store = new MemoryStore();
  store.claim = () => Promise.reject(new StateError("unreachable"));
  const batches = new SentBatches({ store, now: () => SENT_AT_MS });
  batches.remember("a", RECORD);
  await batches.close();
  assertEquals(batches.lost, 1);
});
