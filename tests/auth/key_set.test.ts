import { assert, assertEquals, assertRejects } from "@std/assert";
import { delay } from "@std/async/delay";
import { decodeProtectedHeader, errors, type JSONWebKeySet } from "jose";
import { KeySetUnavailableError, staticKeySet } from "../../auth/key_set.ts";
import { RemoteKeySet } from "../../auth/remote_key_set.ts";
import type { KeyFault } from "../../auth/signing_keys.ts";
import { testClock } from "../support/clock.ts";
import { type TestIssuer, testIssuer } from "../support/issuer.ts";

const MAX_AGE_MS = 600_000;
const COOLDOWN_MS = 30_000;
const MAX_STALE_MS = 3_600_000;
const MAX_WAITING = 10;

const first = await testIssuer("ES256", "key-1");
const second = await testIssuer("ES256", "key-2");

type Answer = () => Response | Promise<Response>;

const serving = (...issuers: TestIssuer[]): Answer => () =>
  Response.json({ keys: issuers.flatMap(({ jwks }) => jwks.keys) });

const down: Answer = () => Promise.reject(new TypeError("connection refused"));

/** A remote key set with a fake clock and a fake issuer. */
function remote(initially: Answer) {
  const clock = testClock();
  const outcomes: string[] = [];
  const faults: (readonly KeyFault[])[] = [];
  const world = { answer: initially, fetches: 0 };
  const keySet = new RemoteKeySet({ url: "https://issuer.test/jwks.json" }, {
    now: clock.now,
    fetch: async () => {
      world.fetches++;
      return await world.answer();
    },
    maxAgeMs: MAX_AGE_MS,
    cooldownMs: COOLDOWN_MS,
    maxStaleMs: MAX_STALE_MS,
    maxWaiting: MAX_WAITING,
    onRefresh: (outcome) => outcomes.push(outcome),
    onFaults: (found) => faults.push(found),
  });
  return {
    keySet,
    clock,
    outcomes,
    faults,
    world,
    /** Asks for the key of a token of this issuer, as jose does. */
    find: (issuer: TestIssuer = first) =>
      keySet.getKey({ alg: "ES256", kid: issuer.kid }, { payload: "", signature: "" }),
    /** Resolves when background fetches have ended. */
    settle: () => keySet.refresh(),
  };
}

Deno.test("a key set given in the configuration is always ready and never fetched", async () => {
  const keySet = staticKeySet(first.jwks);
  assertEquals([keySet.isReady(), keySet.version], [true, 0]);
  const header = decodeProtectedHeader(await first.token());
  const key = await keySet.getKey({ alg: "ES256", ...header }, { payload: "", signature: "" });
  assertEquals(key.type, "public");
});

Deno.test("keys fetched in advance serve the first request without another fetch", async () => {
  const { keySet, world, find } = remote(serving(first));
  assertEquals(keySet.isReady(), false);
  await keySet.refresh();
  assertEquals(keySet.isReady(), true);
  await find();
  assertEquals(world.fetches, 1);
});

Deno.test("requests during the first fetch wait for it and cause no other fetch", async () => {
  const { world, find } = remote(serving(first));
  await Promise.all(Array.from({ length: 50 }, () => find()));
  assertEquals(world.fetches, 1);
});

Deno.test("old keys are fetched again in the background and stay in use meanwhile", async () => {
  const { keySet, clock, world, find, settle } = remote(serving(first));
  await keySet.refresh();
  clock.advance(MAX_AGE_MS + 1);
  const pending = Promise.withResolvers<Response>();
  world.answer = () => pending.promise;
  keySet.keepFresh();
  await find(); // would hang if it waited
  assertEquals(world.fetches, 2);
  pending.resolve(await serving(first)());
  await settle();
  assertEquals(keySet.ageMs(), 0);
});

Deno.test("keys below their maximum age are not fetched again, however many requests come", async () => {
  const { keySet, clock, world, find } = remote(serving(first));
  await keySet.refresh();
  clock.advance(MAX_AGE_MS);
  for (let i = 0; i < 100; i++) {
    keySet.keepFresh();
    await find();
  }
  assertEquals(world.fetches, 1);
});

Deno.test("keys that were not used for a long time are fetched before they are used again", async () => {
  const { keySet, clock, world, find } = remote(serving(first));
  await keySet.refresh();
  clock.advance(MAX_AGE_MS + COOLDOWN_MS + 1);
  world.answer = serving(second);
  await assertRejects(() => find(first), errors.JWKSNoMatchingKey);
});

Deno.test("while the issuer is down the last good keys stay in use, with one fetch per cooldown", async () => {
  const { keySet, clock, world, find, settle, outcomes } = remote(serving(first));
  await keySet.refresh();
  world.answer = down;
  clock.advance(MAX_AGE_MS + 1);
  for (let second = 0; second < 300; second++) {
    for (let request = 0; request < 10; request++) await find();
    await settle();
    clock.advance(1_000);
  }
  assertEquals(world.fetches - 1, 10); // 300 s, a fetch every 30 s
  assertEquals(outcomes, ["ok", ...Array(10).fill("failed")]);
});

Deno.test("keys that were not confirmed for too long are no longer used", async () => {
  const { keySet, clock, world, find } = remote(serving(first));
  await keySet.refresh();
  world.answer = down;
  clock.advance(MAX_STALE_MS);
  await find();
  assertEquals(keySet.isReady(), true);
  clock.advance(1);
  assertEquals(keySet.isReady(), false);
  await assertRejects(() => find(), KeySetUnavailableError);
});

Deno.test("keys of an issuer that recovers are used after the cooldown", async () => {
  const { keySet, clock, world, find } = remote(serving(first));
  await keySet.refresh();
  world.answer = down;
  clock.advance(MAX_STALE_MS + 1);
  await assertRejects(() => find(), KeySetUnavailableError);
  world.answer = serving(first);
  clock.advance(COOLDOWN_MS);
  await keySet.refresh();
  await find();
  assertEquals(keySet.isReady(), true);
});

Deno.test("after a fetch, successful or not, the next one waits for the cooldown", async () => {
  for (const answer of [serving(first), down]) {
    const { keySet, clock, world } = remote(answer);
    await keySet.refresh();
    clock.advance(COOLDOWN_MS - 1);
    await keySet.refresh();
    assertEquals(world.fetches, 1);
    clock.advance(1);
    await keySet.refresh();
    assertEquals(world.fetches, 2);
  }
});

Deno.test("the first requests after the issuer recovers wait for the fetch that they start", async () => {
  for (const begin of ["never had keys", "has keys that are too old"]) {
    const { keySet, clock, world, find } = remote(
      begin === "never had keys" ? down : serving(first),
    );
    await keySet.refresh();
    world.answer = down;
    clock.advance(MAX_STALE_MS + 1);
    await assertRejects(() => find(), KeySetUnavailableError);
    clock.advance(COOLDOWN_MS);
    world.answer = serving(first);
    keySet.keepFresh(); // every request calls this; it does not wait
    await Promise.all(Array.from({ length: 20 }, () => find()));
    assertEquals(world.fetches, 3, begin);
  }
});

Deno.test("without any keys, requests do not wait for a fetch that has hung for a second", async () => {
  const { keySet, clock, world, find } = remote(down);
  await keySet.refresh();
  const hanging = Promise.withResolvers<Response>();
  world.answer = () => hanging.promise;
  clock.advance(COOLDOWN_MS);
  await assertRejects(() => find(), KeySetUnavailableError); // waits for a second
  clock.advance(1_000);
  const startedAt = performance.now();
  await Promise.all(
    Array.from({ length: 20 }, () => assertRejects(() => find(), KeySetUnavailableError)),
  );
  assert(performance.now() - startedAt < 500, "requests waited");
  assertEquals(world.fetches, 2);
  hanging.reject(new TypeError("at last"));
  await keySet.refresh();
});

Deno.test("without any keys, requests between two failed fetches are refused at once", async () => {
  const { keySet, clock, world, find } = remote(down);
  await keySet.refresh();
  clock.advance(COOLDOWN_MS - 1);
  world.answer = () => new Promise(() => {});
  await assertRejects(() => find(), KeySetUnavailableError);
  assertEquals(world.fetches, 1);
});

Deno.test("a limited number of requests with unknown keys wait for the issuer; the others fail at once", async () => {
  const { keySet, clock, world, find } = remote(serving(first));
  await keySet.refresh();
  clock.advance(COOLDOWN_MS);
  const answer = Promise.withResolvers<Response>();
  world.answer = () => answer.promise;
  const waiting = Array.from({ length: MAX_WAITING }, () => find(second));
  for (let i = 0; i < 50; i++) { // would hang if they waited
    await assertRejects(() => find(second), KeySetUnavailableError);
  }
  await find(first);
  answer.resolve(await serving(first, second)());
  assertEquals((await Promise.all(waiting)).length, MAX_WAITING);
  assertEquals(world.fetches, 2);
});

Deno.test("an unknown key is a KeySetUnavailableError, not a refusal, if the issuer is too slow", async () => {
  const { keySet, clock, world, find, settle } = remote(serving(first));
  await keySet.refresh();
  clock.advance(COOLDOWN_MS);
  const answer = Promise.withResolvers<Response>();
  world.answer = () => answer.promise;
  await assertRejects(() => find(second), KeySetUnavailableError);
  answer.resolve(await serving(first)());
  await settle();
  await assertRejects(() => find(second), errors.JWKSNoMatchingKey);
});

Deno.test("changedSince fetches the keys at most once per cooldown and tells whether they changed", async () => {
  const { keySet, clock, world } = remote(serving(first));
  await keySet.refresh();
  const { version } = keySet;
  assertEquals(await keySet.changedSince(version), false);
  assertEquals(world.fetches, 1);
  clock.advance(COOLDOWN_MS);
  world.answer = serving(second);
  const checks = Array.from({ length: 100 }, () => keySet.changedSince(version));
  assertEquals((await Promise.all(checks)).filter(Boolean).length, MAX_WAITING);
  assertEquals(await keySet.changedSince(version), true); // known without a fetch
  assertEquals(world.fetches, 2);
});

Deno.test("changedSince answers false while the issuer cannot be reached", async () => {
  const { keySet, clock, world, find } = remote(serving(first));
  await keySet.refresh();
  clock.advance(COOLDOWN_MS);
  world.answer = down;
  assertEquals(await keySet.changedSince(keySet.version), false);
  await find(first);
});

Deno.test("the age of the keys is the time since the issuer confirmed them", async () => {
  const { keySet, clock, world } = remote(down);
  await keySet.refresh();
  assertEquals(keySet.ageMs(), undefined);
  clock.advance(COOLDOWN_MS);
  world.answer = serving(first);
  await keySet.refresh();
  clock.advance(1_234);
  assertEquals(keySet.ageMs(), 1_234);
});

Deno.test("ages do not depend on the wall clock, which may be set back", async () => {
  let fetches = 0;
  const keySet = new RemoteKeySet({ url: "https://issuer.test/jwks.json" }, {
    fetch: () => {
      fetches++;
      return Promise.resolve(Response.json(first.jwks));
    },
    maxAgeMs: 1,
    cooldownMs: 1,
    maxStaleMs: MAX_STALE_MS,
  });
  await keySet.refresh();
  const { now } = Date;
  try {
    Date.now = () => now() - 3_600_000;
    await delay(5);
    assert((keySet.ageMs() ?? 0) > 0);
    keySet.keepFresh();
    await keySet.refresh();
    assertEquals(fetches, 2);
  } finally {
    Date.now = now;
  }
});

Deno.test("a key that cannot be used is reported once and does not affect the others", async () => {
  const [good] = first.jwks.keys;
  const offCurve = { ...second.jwks.keys[0], x: good?.x, kid: "off" };
  const { keySet, clock, world, find, faults, outcomes } = remote(() =>
    Response.json({ keys: [null, offCurve, good, { kty: "AKP", alg: "ML-DSA-44", pub: "AA" }] })
  );
  await keySet.refresh();
  await find(first);
  assertEquals(faults.map((set) => set.map(({ index, kid }) => [index, kid])), [
    [[0, ""], [1, '"off"'], [3, ""]],
  ]);
  clock.advance(COOLDOWN_MS);
  await keySet.refresh(); // the same set
  assertEquals([faults.length, outcomes], [1, ["ok", "ok"]]);
  clock.advance(COOLDOWN_MS);
  world.answer = serving(first);
  await keySet.refresh();
  assertEquals(faults.length, 1);
});

Deno.test("a thousand tokens with unknown keys cause one fetch, and another one after the cooldown", async () => {
  const { keySet, clock, world, find } = remote(serving(first));
  await keySet.refresh();
  const unknownKeys = () =>
    Promise.all(
      Array.from({ length: 1_000 }, () => assertRejects(() => find(second))),
    );
  clock.advance(COOLDOWN_MS);
  await unknownKeys();
  await unknownKeys();
  assertEquals(world.fetches, 2);
  clock.advance(COOLDOWN_MS);
  await unknownKeys();
  assertEquals(world.fetches, 3);
});

Deno.test("an unknown key is refused if the keys have just been fetched", async () => {
  const { keySet, find } = remote(serving(first));
  await keySet.refresh();
  await assertRejects(() => find(second), errors.JWKSNoMatchingKey);
});

Deno.test("a new key of the issuer is found at its first use, and the version increases", async () => {
  const { keySet, clock, world, find } = remote(serving(first));
  await keySet.refresh();
  const before = keySet.version;
  world.answer = serving(first, second);
  clock.advance(COOLDOWN_MS);
  assertEquals((await find(second)).type, "public");
  assertEquals(keySet.version, before + 1);
  await find(first);
});

Deno.test("a withdrawn key is refused after the next fetch", async () => {
  const { keySet, clock, world, find, settle } = remote(serving(first, second));
  await keySet.refresh();
  await find(first);
  world.answer = serving(second);
  clock.advance(MAX_AGE_MS + 1);
  keySet.keepFresh();
  await settle();
  await assertRejects(() => find(first), errors.JWKSNoMatchingKey);
  await find(second);
});

Deno.test("an unknown key is a KeySetUnavailableError, not a refusal, while the issuer cannot be reached", async () => {
  const { keySet, clock, world, find } = remote(serving(first));
  await keySet.refresh();
  world.answer = down;
  clock.advance(COOLDOWN_MS);
  await assertRejects(() => find(second), KeySetUnavailableError);
  await find(first);
});

Deno.test("the same keys fetched again do not change the version, so cached tokens stay valid", async () => {
  const { keySet, clock } = remote(serving(first));
  await keySet.refresh();
  const before = keySet.version;
  clock.advance(COOLDOWN_MS);
  await keySet.refresh();
  assertEquals(keySet.version, before);
});

const PRIVATE_KEY_SET: JSONWebKeySet = { keys: [{ kty: "oct", k: "c2VjcmV0", alg: "HS256" }] };

/** Answers that are not a key set. */
const BAD_ANSWERS: Readonly<Record<string, Answer>> = {
  "an error status": () => new Response("{}", { status: 500 }),
  "a 404": () => new Response(null, { status: 404 }),
  "an HTML page": () => new Response("<html>"),
  "an empty body": () => new Response(null),
  "JSON null": () => Response.json(null),
  "an array": () => Response.json([]),
  "an object without keys": () => Response.json({}),
  "keys that are not an array": () => Response.json({ keys: "x" }),
  "keys that are not objects": () => Response.json({ keys: [1, null] }),
  "more than a mebibyte with a content length": () =>
    new Response("{}", { headers: { "content-length": `${1024 * 1024 + 1}` } }),
  "more than a mebibyte without a content length": () =>
    new Response(new Blob([JSON.stringify({ keys: [], x: "x".repeat(1024 * 1024) })]).stream()),
  "a body that breaks off": () =>
    new Response(new ReadableStream({ pull: (c) => c.error(new Error("cut")) })),
};

for (const [name, answer] of Object.entries(BAD_ANSWERS)) {
  Deno.test(`${name} is a failed fetch: the last good keys stay in use`, async () => {
    const { keySet, clock, world, find, outcomes } = remote(serving(first));
    await keySet.refresh();
    world.answer = answer;
    clock.advance(COOLDOWN_MS);
    await keySet.refresh();
    assertEquals(outcomes, ["ok", "failed"]);
    await find();
  });
}

Deno.test("a symmetric key in a published key set is not used", async () => {
  const { keySet, world } = remote(() => Response.json(PRIVATE_KEY_SET));
  await keySet.refresh();
  await assertRejects(
    () => keySet.getKey({ alg: "HS256" }, { payload: "", signature: "" }),
    errors.JOSEError,
  );
  assertEquals(world.fetches, 1);
});

Deno.test("an empty key set withdraws every key", async () => {
  const { keySet, clock, world, find } = remote(serving(first));
  await keySet.refresh();
  world.answer = serving();
  clock.advance(COOLDOWN_MS);
  await keySet.refresh();
  await assertRejects(() => find(first), errors.JWKSNoMatchingKey);
});

Deno.test("redirects are not followed, and a fetch has a deadline", async () => {
  let init: RequestInit | undefined;
  const keySet = new RemoteKeySet({ url: "https://issuer.test/jwks.json" }, {
    fetch: (_url, options) => {
      init = options;
      return Promise.resolve(Response.json(first.jwks));
    },
    maxAgeMs: MAX_AGE_MS,
    cooldownMs: COOLDOWN_MS,
    maxStaleMs: MAX_STALE_MS,
  });
  await keySet.refresh();
  assertEquals(init?.redirect, "manual");
  assert(init?.signal instanceof AbortSignal);
});
