import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { delay } from "@std/async/delay";
import { ulid } from "@std/ulid";
import { Webhook } from "standardwebhooks";
import { parseConfig } from "../../config.ts";
import { SIGNATURE_HEADERS } from "../../callbacks/signature.ts";
import { MemoryStore } from "../../state/memory.ts";
import { type Claim, StateError } from "../../state/store.ts";
import {
  callbackGateway,
  oldBatchId,
  OTHER_WEBHOOK_SECRET,
  recipientReport,
  SECRET,
  SETTINGS,
  signed,
  type Signing,
  WEBHOOK_SECRET,
} from "../callbacks/kit.ts";
import { MAX_CALLBACK_BYTES } from "../../routes/callback_parts.ts";
import { testEnv, testGateway } from "../support/gateway.ts";

const decoder = new TextDecoder();

Deno.test("without CALLBACKS there is no route for callbacks", async () => {
  const gateway = await testGateway();
  const { body, headers } = signed(recipientReport("01"));
  const init = { method: "POST", body, headers, token: null };
  for (const path of ["/callbacks/plan-1", "/callbacks/plan-1/secret", "/callbacks"]) {
    assertEquals((await gateway.request(path, init)).status, 404, path);
  }
});

Deno.test("a callback is relayed as it came to the service that sent its batch", async () => {
  const { gateway, relayed, post, send } = await callbackGateway();
  const batchId = await send("billing");
  const callback = signed(`${JSON.stringify(recipientReport(batchId, { unknown: [1] }))}\n`);
  const response = await post(callback);
  assertEquals([response.status, await response.text()], [200, ""]);
  assertMatch(response.headers.get("x-request-id") ?? "", /^id-/);
  const [{ origin, request } = { origin: "", request: undefined }, ...more] = relayed;
  assert(request && more.length === 0);
  const body = decoder.decode(request.body ?? undefined);
  assertEquals([origin, request.path, body], [
    "https://billing.test",
    "/sms?key=in-the-url",
    callback.body,
  ]);
  for (const name of ["content-type", ...Object.values(SIGNATURE_HEADERS)]) {
    assertEquals(request.headers[name], new Headers(callback.headers).get(name), name);
  }
  new Webhook(WEBHOOK_SECRET).verify(body, { ...request.headers }); // throws if it is not valid
  const span = gateway.spans.find(({ kind, name }) => kind === 2 && name.includes("relay"));
  const { traceId, spanId } = span!.spanContext();
  assertEquals(request.headers.traceparent, `00-${traceId}-${spanId}-01`);
});

Deno.test("nothing but the documented headers reaches the service", async () => {
  const { relayed, post } = await callbackGateway();
  const { body, headers } = signed(recipientReport(oldBatchId()));
  await post({ body, headers: { ...headers, cookie: "a=b", authorization: "Basic YTpi", x: "y" } });
  assertEquals(
    Object.keys(relayed[0]?.request.headers ?? {}).toSorted(),
    [
      "accept-encoding",
      "content-type",
      "traceparent",
      "user-agent",
      "webhook-id",
      "webhook-signature",
      "webhook-timestamp",
      "x-request-id",
      ...Object.values(SIGNATURE_HEADERS),
    ].toSorted(),
  );
});

Deno.test("a callback of an unknown batch, and of a caller without a service, goes to the default", async () => {
  const { relayed, post, send } = await callbackGateway();
  for (const batchId of [oldBatchId(), await send("somebody")]) {
    assertEquals((await post(signed(recipientReport(batchId)))).status, 200);
  }
  assertEquals(relayed.map(({ origin }) => origin), Array(2).fill("https://others.test"));
});

Deno.test("a callback of a batch that was just created waits until the batch is remembered", async () => {
  let nowMs = Date.now();
  const { gateway, relayed, post } = await callbackGateway({ deps: { now: () => nowMs } });
  const report = recipientReport(ulid());
  for (const minutes of [0, 9]) {
    nowMs += minutes * 60_000;
    const callback = signed(report, { ageS: -minutes * 60 });
    const response = await post(callback);
    assertEquals([response.status, (await response.json()).code], [503, "callback_not_relayed"]);
  }
  assertEquals(relayed.length, 0);
  assertEquals(
    gateway.exchanges.map(({ callback }) => callback?.outcome),
    Array(2).fill("too_early"),
  );
  nowMs += 61_000;
  assertEquals((await post(signed(report, { ageS: -600 }))).status, 200);
});

for (const max_age_s of [300, undefined]) {
  Deno.test(`of an unknown new batch, a repeat with the first signature reaches the default before it is too old (max_age_s ${max_age_s})`, async () => {
    let nowMs = Date.now();
    const settings = { ...SETTINGS, ...max_age_s !== undefined && { max_age_s } };
    const { relayed, post } = await callbackGateway({ settings, deps: { now: () => nowMs } });
    const callback = signed(recipientReport(ulid()));
    const statuses: number[] = [];
    for (const delayS of [0, 5, 10, 20, 40, 80, 160, 320]) {
      nowMs += delayS * 1_000;
      statuses.push((await post(callback)).status);
      if (statuses.at(-1) !== 503) break;
    }
    assertEquals([statuses.at(-1), relayed.length], [200, 1]);
  });
}

Deno.test("without a service for it, a callback is not acknowledged", async () => {
  const { default: _, ...settings } = SETTINGS;
  const { relayed, post } = await callbackGateway({ settings });
  assertEquals((await post(signed(recipientReport(oldBatchId())))).status, 503);
  assertEquals(relayed.length, 0);
});

Deno.test("a batch that the store does not have yet has its callbacks relayed by its caller", async () => {
  const store = new MemoryStore();
  const claim = store.claim.bind(store);
  let isDown = true;
  store.claim = (key, one) =>
    isDown ? Promise.reject(new StateError("unreachable")) : claim(key, one);
  const { relayed, post, send } = await callbackGateway({ deps: { store } });
  const batchId = await send("billing");
  isDown = false;
  assertEquals((await post(signed(recipientReport(batchId)))).status, 200);
  assertEquals(relayed[0]?.origin, "https://billing.test");
});

Deno.test("a callback is not relayed again by an instance that could not write that it was taken", async () => {
  let nowMs = 0;
  const store = new MemoryStore({ now: () => nowMs });
  const { relayed, post } = await callbackGateway({ deps: { store } });
  store.update = () => Promise.reject(new StateError("unreachable"));
  const report = recipientReport(oldBatchId());
  const callback = signed(report);
  const statuses = [(await post(callback)).status];
  nowMs += 60_000; // the leases are over
  for (const again of [callback, signed(report)]) statuses.push((await post(again)).status);
  assertEquals([statuses, relayed.length], [[200, 401, 200], 1]);
});

/** What is wrong with a callback → the reason that telemetry has. */
const FORGERIES: Record<string, { signing?: Signing; change?: Record<string, string | null> }> = {
  wrong_signature: { signing: { secret: "another" } },
  too_old: { signing: { ageS: 1_201 } },
  too_new: { signing: { ageS: -1_201 } },
  unsigned: { change: { [SIGNATURE_HEADERS.signature]: null } },
  "unsigned, without a nonce": { change: { [SIGNATURE_HEADERS.nonce]: null } },
  "unsigned, another algorithm": { change: { [SIGNATURE_HEADERS.algorithm]: "HmacSHA1" } },
  "unsigned, no time": { change: { [SIGNATURE_HEADERS.timestamp]: "soon" } },
  "wrong_signature, another time": {
    change: { [SIGNATURE_HEADERS.timestamp]: String(Math.floor(Date.now() / 1_000) + 60) },
  },
  "wrong_signature, another nonce": { change: { [SIGNATURE_HEADERS.nonce]: "another" } },
};

Deno.test("a callback that is not authentic is 401, and reaches neither store nor service", async (t) => {
  for (const [what, { signing, change = {} }] of Object.entries(FORGERIES)) {
    await t.step(what, async () => {
      const store = new MemoryStore();
      const { gateway, relayed, post } = await callbackGateway({ deps: { store } });
      const { body, headers: given } = signed(recipientReport("secret-batch"), signing);
      const headers = new Headers(given);
      for (const [name, value] of Object.entries(change)) {
        if (value === null) headers.delete(name);
        else headers.set(name, value);
      }
      const response = await post({ body, headers: Object.fromEntries(headers) });
      const text = await response.text();
      assertEquals([response.status, JSON.parse(text).code], [401, "callback_refused"]);
      assertEquals(response.headers.get("www-authenticate"), 'Basic realm="callbacks"');
      assertEquals(text.includes("secret-batch"), false);
      assertEquals([relayed.length, store.bytes], [0, 0]);
      const { outcome, refusal } = gateway.exchanges[0]?.callback ?? {};
      assertEquals([outcome, refusal], ["refused", what.split(",")[0]]);
    });
  }
});

Deno.test("an unknown service plan, and a path secret where none is set, are refused in the same way", async () => {
  const { relayed, post } = await callbackGateway();
  const callback = signed(recipientReport(oldBatchId()));
  const answers = await Promise.all(
    ["/callbacks/plan-9", "/callbacks/plan-2", "/callbacks/plan-1/anything", "/callbacks/__proto__"]
      .map(async (path) => {
        const response = await post(callback, path);
        return [response.status, await response.text()];
      }),
  );
  assertEquals(answers, Array(4).fill(answers[0]));
  assertEquals([answers[0]?.[0], relayed.length], [401, 0]);
});

Deno.test("password and path secret are required where they are set, the old ones beside the new", async () => {
  const [old, path, other] = ["old-path-secret-1", "new-path-secret-1", "other-path-secret"];
  const settings = {
    ...SETTINGS,
    plans: {
      "plan-1": {
        path_secret: [path, old],
        basic: { username: "sms", password: ["pässword", "p"] },
      },
    },
  };
  const { gateway, post } = await callbackGateway({ settings });
  const utf8 = (text: string) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));
  const statusOf = async (secret: string, credentials: string) => {
    const body = JSON.stringify(recipientReport(oldBatchId()));
    const headers = { authorization: `Basic ${utf8(credentials)}` };
    return (await post({ body, headers }, `/callbacks/plan-1${secret}`)).status;
  };
  assertEquals(await statusOf(`/${path}`, "sms:pässword"), 200);
  assertEquals(await statusOf(`/${old}`, "sms:p"), 200);
  assertEquals(await statusOf(`/${other}`, "sms:p"), 401);
  assertEquals(await statusOf("", "sms:p"), 401);
  assertEquals(await statusOf(`/${path}`, "sms:q"), 401);
  assertEquals(await statusOf(`/${path}`, "sms"), 401);
  const attributes = JSON.stringify(gateway.spans.map((span) => span.attributes));
  for (const secret of [old, path, other]) assertEquals(attributes.includes(secret), false);
});

Deno.test("a replayed callback is 401, and one that the API repeats under a new nonce is 200; neither is relayed again", async () => {
  const { gateway, relayed, post } = await callbackGateway();
  const report = recipientReport(oldBatchId());
  const first = signed(report);
  assertEquals((await post(first)).status, 200);
  assertEquals((await post(first)).status, 401);
  assertEquals((await post(signed(report))).status, 200);
  assertEquals((await post(signed({ ...report, at: "2026-01-01T00:00:00Z" }))).status, 200);
  assertEquals(relayed.length, 1);
  const outcomes = gateway.exchanges.map(({ callback }) => callback?.outcome);
  assertEquals(outcomes, ["relayed", "refused", "duplicate", "duplicate"]);
  const others = [{ status: "Failed" }, { code: 1 }, { recipient: "46709999999" }];
  for (const change of others) await post(signed({ ...report, ...change }));
  assertEquals(relayed.length, 1 + others.length);
});

Deno.test("a replay is 401 under another service plan with the same secret as well", async () => {
  const authentication = { hmac: SECRET };
  const plans = { "plan-1": authentication, "plan-2": authentication };
  const { relayed, post } = await callbackGateway({ settings: { ...SETTINGS, plans } });
  const callback = signed(recipientReport(oldBatchId()));
  const statuses = [];
  for (const plan of ["plan-1", "plan-2"]) {
    statuses.push((await post(callback, `/callbacks/${plan}`)).status);
  }
  assertEquals([statuses, relayed.length], [[200, 401], 1]);
});

Deno.test("what a service does not take is 503, and passes when the API repeats it unchanged", async (t) => {
  for (const status of [400, 404, 410, 429, 302, 500, 503]) {
    await t.step(`${status}`, async () => {
      let answer = status;
      const { relayed, post } = await callbackGateway({ service: () => answer });
      const callback = signed(recipientReport(oldBatchId()));
      for (let attempt = 0; attempt < 2; attempt++) {
        const response = await post(callback);
        assertEquals(response.status, 503);
        assert(response.headers.has("retry-after"));
        await response.body?.cancel();
      }
      answer = 200;
      assertEquals((await post(callback)).status, 200);
      const ids = relayed.map(({ request }) => request.headers["webhook-id"]);
      assertEquals([ids.length, new Set(ids).size], [3, 1]);
    });
  }
});

Deno.test("a callback is relayed by one of two requests at the same time", async () => {
  const answered = Promise.withResolvers<number>();
  const { relayed, post } = await callbackGateway({ service: () => answered.promise });
  const report = recipientReport(oldBatchId());
  const first = post(signed(report));
  while (relayed.length === 0) await delay(1);
  assertEquals((await post(signed(report))).status, 503);
  answered.resolve(204);
  assertEquals((await first).status, 200);
  assertEquals((await post(signed(report))).status, 200);
  assertEquals(relayed.length, 1);
});

Deno.test("a callback whose gateway died is relayed after its lease, by one of those that come", async () => {
  let nowMs = 0;
  const store = new MemoryStore({ now: () => nowMs });
  const { relayed, post } = await callbackGateway({ deps: { store } });
  const report = recipientReport(oldBatchId());
  const claims: [string, Claim][] = [];
  const claim = store.claim.bind(store);
  store.claim = (key, one) => {
    claims.push([key, one]);
    return claim(key, one);
  };
  assertEquals((await post(signed(report))).status, 200);
  const dead = new MemoryStore({ now: () => nowMs });
  Object.assign(store, { claim: dead.claim.bind(dead), update: dead.update.bind(dead) });
  store.release = dead.release.bind(dead);
  for (const [key, one] of claims) await dead.claim(key, { ...one, token: "of-the-dead" });
  assertEquals((await post(signed(report))).status, 503);
  nowMs += 60_000;
  const statuses = await Promise.all(
    [1, 2, 3].map(async () => (await post(signed(report))).status),
  );
  assertEquals([statuses.toSorted(), relayed.length], [[200, 503, 503], 2]);
});

Deno.test("while the store does not answer, callbacks are 503 and not relayed", async () => {
  const store = new MemoryStore();
  store.claim = () => Promise.reject(new StateError("timeout", { maybeDone: true }));
  const { gateway, relayed, post } = await callbackGateway({ deps: { store } });
  assertEquals((await post(signed(recipientReport(oldBatchId())))).status, 503);
  assertEquals(relayed.length, 0);
  assertEquals(gateway.exchanges[0]?.callback?.outcome, "unavailable");
});

Deno.test("inbound messages go to the service of their number and keyword, or to the default", async () => {
  const settings = {
    ...SETTINGS,
    inbound: [
      { to: "12345", keyword: "stop", relay: "others" },
      { to: "12345", relay: "billing" },
    ],
  };
  const { relayed, post } = await callbackGateway({ settings });
  const messages = [
    [{ to: "12345", body: " Stop now" }, "https://others.test"],
    [{ to: "+12345", body: "Hello" }, "https://billing.test"],
    [{ to: "12345", type: "mo_binary", body: "c3RvcA==" }, "https://billing.test"],
    [{ to: "999", body: "STOP" }, "https://others.test"],
  ] as const;
  for (const [index, [message]] of messages.entries()) {
    const callback = { type: "mo_text", from: "46701234567", id: `mo-${index}`, ...message };
    assertEquals((await post(signed(callback))).status, 200);
    assertEquals((await post(signed({ ...callback, body: "a duplicate" }))).status, 200);
  }
  assertEquals(relayed.map(({ origin }) => origin), messages.map(([, origin]) => origin));
});

Deno.test("unknown types are relayed, and a body that is not a JSON object is refused for good", async () => {
  const { relayed, post } = await callbackGateway();
  for (const callback of [{ type: "new_type", n: 1 }, { n: 1 }, { type: 7 }]) {
    assertEquals((await post(signed(callback))).status, 200);
  }
  for (const text of ["", "[]", "null", "{", "\ufeff{}"]) {
    assertEquals((await post(signed(text))).status, 400, text);
  }
  assertEquals(relayed.length, 3);
});

Deno.test("a callback that is too large is refused, and other methods are 405", async () => {
  const { gateway, relayed, post } = await callbackGateway({ env: { MAX_BODY_BYTES: "1000" } });
  assertEquals((await post(signed({ type: "x".repeat(1_000) }))).status, 400);
  const response = await gateway.request("/callbacks/plan-1", { token: null });
  assertEquals([response.status, response.headers.get("allow")], [405, "POST"]);
  assertEquals(relayed.length, 0);
});

/** What two of three services hold before they answer: too many callbacks, or too large ones. */
const HELD_BY_SLOW = {
  callbacks: { settings: { max_outstanding: 4 }, count: 5, bytes: 10 },
  bytes: { settings: {}, count: 30, bytes: 200_000 },
};

for (const [what, { settings, count, bytes }] of Object.entries(HELD_BY_SLOW)) {
  Deno.test(`two slow services do not hold up a third, however many ${what} they get`, async () => {
    const answered = Promise.withResolvers<number>();
    const numbers = ["1", "2", "3"];
    const relays = numbers.map((to) => ({
      name: `service-${to}`,
      url: `https://${to}.test`,
      secret: WEBHOOK_SECRET,
    }));
    const inbound = numbers.map((to) => ({ to, relay: `service-${to}` }));
    const { plans } = SETTINGS;
    const { relayed, post } = await callbackGateway({
      settings: { plans, relays, inbound, ...settings },
      service: (_, origin) => origin.includes("3") ? 200 : answered.promise,
    });
    const message = (to: string, length = 10) =>
      signed({ type: "mo_text", to, id: ulid(), body: "x".repeat(length) });
    const statuses: number[] = [];
    const slow: Promise<unknown>[] = [];
    for (const to of ["1", "2"]) {
      for (let sent = 0; sent < count; sent++) {
        slow.push(post(message(to, bytes)).then(({ status }) => statuses.push(status)));
        while (relayed.length + statuses.length < slow.length) await delay(1);
      }
    }
    assertEquals([statuses.length > 1, ...new Set(statuses)], [true, 429]);
    assertEquals((await post(message("3", 200_000))).status, 200);
    answered.resolve(200);
    await Promise.all(slow);
    assertEquals(statuses.filter((status) => status === 200).length, relayed.length - 1);
    assertEquals((await post(message("1", bytes))).status, 200);
  });
}

const CHUNK_BYTES = 16 * 1_024;

Deno.test("strangers who do not finish a few large bodies do not stop callbacks", async () => {
  const { gateway, post } = await callbackGateway();
  const guessed = signed({}, { secret: "guess" }).headers;
  const left = new AbortController();
  const strangers = Array.from({ length: 8 }, () => {
    const body = new ReadableStream({
      start: (stream) => {
        for (let sent = 0; sent < MAX_CALLBACK_BYTES * 0.6; sent += CHUNK_BYTES) {
          stream.enqueue(new Uint8Array(CHUNK_BYTES));
        }
        left.signal.addEventListener("abort", () => stream.error(new Error("left")));
      },
    });
    const headers = { ...guessed, "content-length": String(MAX_CALLBACK_BYTES) };
    const init = { method: "POST", body, headers, token: null, duplex: "half" };
    return gateway.request("/callbacks/plan-1", init);
  });
  await delay(20);
  assertEquals((await post(signed(recipientReport(oldBatchId())))).status, 200);
  left.abort();
  assertEquals((await Promise.all(strangers)).map(({ status }) => status), Array(8).fill(503));
});

Deno.test("settings that are replaced as a whole count from the next callback on", async () => {
  const { gateway, relayed, post } = await callbackGateway();
  assertEquals((await post(signed(recipientReport(oldBatchId())))).status, 200);
  const changed = { ...SETTINGS, plans: { "plan-1": { hmac: "new" } }, default: "billing" };
  const { callbacks } = parseConfig({
    ...testEnv(gateway.issuer),
    CALLBACKS: JSON.stringify(changed),
  });
  gateway.reconfigure({ ...gateway.config, callbacks });
  assertEquals((await post(signed(recipientReport(oldBatchId())))).status, 401);
  const callback = signed(recipientReport(oldBatchId()), { secret: "new" });
  assertEquals((await post(callback)).status, 200);
  assertEquals(relayed.map(({ origin }) => origin), [
    "https://others.test",
    "https://billing.test",
  ]);
});

Deno.test("while a service changes its secret, it gets a signature with each", async () => {
  const secret = [WEBHOOK_SECRET, OTHER_WEBHOOK_SECRET];
  const [relay] = SETTINGS.relays;
  const settings = { ...SETTINGS, relays: [{ ...relay, secret }], default: "billing" };
  const { relayed, post } = await callbackGateway({ settings });
  await post(signed(recipientReport(oldBatchId())));
  const { headers, body } = relayed[0]!.request;
  for (const one of secret) new Webhook(one).verify(decoder.decode(body!), { ...headers });
  assertStringIncludes(headers["webhook-id"] ?? "", "msg_");
});
