import { assert, assertEquals } from "@std/assert";
import { delay } from "@std/async/delay";
import type { Claim, StateStore, StoredRecord } from "../../state/store.ts";

/** A store for one test. */
export interface StoreUnderTest {
  readonly store: StateStore;
  /** Another instance on the same records, if the adapter can share them. */
  readonly other?: StateStore;
  /** Lets time pass for the store; default: waits. */
  readonly advance?: (ms: number) => void;
  readonly close: () => Promise<void>;
}

const LEASE_MS = 60;
const TTL_MS = 250;
const LONG_MS = 60_000;

let keys = 0;

/** A key that no other test uses. */
export function newKey(): string {
  return `key-${keys++}-${crypto.randomUUID()}`;
}

/** A claim with a token of its own. */
export function newClaim(changes: Partial<Claim> = {}): Claim {
  const value = new TextEncoder().encode("claimed");
  return { token: crypto.randomUUID(), value, leaseMs: LONG_MS, ttlMs: LONG_MS, ...changes };
}

/** The record under a key, found by a claim that must not succeed. */
export async function recordOf(store: StateStore, key: string): Promise<StoredRecord> {
  const result = await store.claim(key, newClaim());
  assert(!result.claimed, "there is no record");
  return result.record;
}

type Test = (given: { store: StateStore; other: StateStore; pass: Pass }) => Promise<void>;
type Pass = (ms: number) => Promise<void>;

const PROMISES: Record<string, Test> = {
  async "tells one of 200 concurrent claims that it has claimed"({ store, other }) {
    const key = newKey();
    const claims = Array.from({ length: 200 }, () => newClaim());
    const results = await Promise.all(
      claims.map((claim, index) => (index % 2 ? store : other).claim(key, claim)),
    );
    const winners = claims.filter((_, index) => results[index]?.claimed);
    assertEquals(winners.length, 1);
    for (const result of results) {
      if (!result.claimed) assertEquals(result.record.token, winners[0]?.token);
    }
  },

  async "shows a claim that is under way to other claims"({ store, other, pass }) {
    const key = newKey();
    const claim = newClaim({ value: new TextEncoder().encode("mine") });
    await store.claim(key, claim);
    await pass(20);
    const { ageMs, ...record } = await recordOf(other, key);
    const { token, value } = claim;
    assertEquals(record, { token, value, settled: false, leaseExpired: false });
    assert(ageMs >= 15 && ageMs < 5_000, `${ageMs}`);
  },

  async "keeps a settled record as it is"({ store, other }) {
    const key = newKey();
    const { token } = await claimed(store, key);
    const value = new TextEncoder().encode("settled");
    assertEquals(await store.update(key, { token, value, settled: true, ttlMs: LONG_MS }), true);
    const again = { token, value: new Uint8Array(1), settled: false, ttlMs: LONG_MS };
    assertEquals(await other.update(key, again), false);
    assertEquals(await other.release(key, token), false);
    const record = await recordOf(other, key);
    assertEquals([record.value, record.settled, record.token], [value, true, token]);
  },

  async "counts the lease as expired after an update that does not settle"({ store }) {
    const key = newKey();
    const { token } = await claimed(store, key);
    const value = new TextEncoder().encode("unknown");
    const change = { token, value, ttlMs: LONG_MS };
    assertEquals(await store.update(key, { ...change, settled: false }), true);
    const record = await recordOf(store, key);
    assertEquals([record.leaseExpired, record.settled, record.value], [true, false, value]);
    assertEquals(await store.update(key, { ...change, settled: true }), true);
  },

  async "leaves a record whose lease has ended in place, with its token"({ store, pass }) {
    const key = newKey();
    const { token } = await claimed(store, key, { leaseMs: LEASE_MS });
    assertEquals((await recordOf(store, key)).leaseExpired, false);
    await pass(LEASE_MS + 20);
    const record = await recordOf(store, key);
    assertEquals([record.leaseExpired, record.token], [true, token]);
    const change = { token, value: new Uint8Array(0), settled: true, ttlMs: LONG_MS };
    assertEquals(await store.update(key, change), true);
  },

  async "frees the key after the ttl of the claim"({ store, other, pass }) {
    const key = newKey();
    const { token } = await claimed(store, key, { ttlMs: TTL_MS });
    await pass(TTL_MS + 20);
    const change = { token, value: new Uint8Array(0), settled: true, ttlMs: LONG_MS };
    assertEquals(await store.update(key, change), false);
    assertEquals(await store.release(key, token), false);
    const successor = await claimed(other, key);
    assertEquals(await store.update(key, change), false, "its successor is another record");
    assertEquals((await recordOf(store, key)).token, successor.token);
  },

  async "frees the key after the ttl of the update"({ store, pass }) {
    const key = newKey();
    const { token } = await claimed(store, key, { ttlMs: TTL_MS });
    const value = new Uint8Array(0);
    await store.update(key, { token, value, settled: true, ttlMs: 2 * TTL_MS });
    await pass(TTL_MS + 50);
    assertEquals((await recordOf(store, key)).settled, true);
    await pass(TTL_MS);
    await claimed(store, key);
  },

  async "refuses changes with another token"({ store, other }) {
    const key = newKey();
    const { token } = await claimed(store, key);
    for (const wrong of ["", `${token}x`, token.slice(0, -1), newClaim().token]) {
      const change = { token: wrong, value: new Uint8Array(0), settled: true, ttlMs: LONG_MS };
      assertEquals(await other.update(key, change), false);
      assertEquals(await other.release(key, wrong), false);
    }
    assertEquals((await recordOf(store, key)).token, token);
  },

  async "frees the key when the claim is released"({ store, other }) {
    const key = newKey();
    const { token } = await claimed(store, key);
    assertEquals(await other.release(key, token), true);
    assertEquals(await store.release(key, token), false);
    await claimed(store, key);
  },

  async "changes nothing under a key that it does not know"({ store }) {
    const key = newKey();
    const change = { token: "t", value: new Uint8Array(0), settled: true, ttlMs: LONG_MS };
    assertEquals(await store.update(key, change), false);
    assertEquals(await store.release(key, "t"), false);
    await claimed(store, key);
  },

  async "reads a record in every state, and changes nothing"({ store, other, pass }) {
    const key = newKey();
    assertEquals(await store.read(key), undefined);
    const { token, value } = await claimed(store, key, { leaseMs: LEASE_MS, ttlMs: TTL_MS });
    const { ageMs, ...open } = await other.read(key) ?? { ageMs: -1 };
    assertEquals(open, { token, value, settled: false, leaseExpired: false });
    assert(ageMs >= 0 && ageMs < TTL_MS, `${ageMs}`);
    await pass(LEASE_MS + 20);
    assertEquals((await other.read(key))?.leaseExpired, true);
    const settled = { token, value: new Uint8Array([1, 2]), settled: true, ttlMs: TTL_MS };
    assertEquals(await store.update(key, settled), true);
    const found = await other.read(key);
    assertEquals([found?.settled, found && [...found.value]], [true, [1, 2]]);
    await pass(TTL_MS + 20);
    assertEquals(await other.read(key), undefined);
    await claimed(store, key);
  },

  async "returns the bytes that it was given"({ store }) {
    const every = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    const large = crypto.getRandomValues(new Uint8Array(60_000));
    for (const bytes of [new Uint8Array(0), every, every.subarray(100, 140), large]) {
      const key = newKey();
      const given = bytes.slice();
      const { token } = await claimed(store, key, { value: given });
      given.fill(7);
      const found = await recordOf(store, key);
      assertEquals(new Uint8Array(found.value), new Uint8Array(bytes));
      const reversed = bytes.toReversed();
      await store.update(key, { token, value: reversed, settled: true, ttlMs: LONG_MS });
      assertEquals(new Uint8Array((await recordOf(store, key)).value), reversed);
    }
  },
};

async function claimed(store: StateStore, key: string, changes?: Partial<Claim>): Promise<Claim> {
  const claim = newClaim(changes);
  assertEquals(await store.claim(key, claim), { claimed: true });
  return claim;
}

/** Registers a test for each promise of the port (state/store.ts). */
export function testConformance(name: string, open: () => Promise<StoreUnderTest>): void {
  for (const [promise, run] of Object.entries(PROMISES)) {
    Deno.test(`the ${name} store ${promise}`, async () => {
      const { store, other = store, advance, close } = await open();
      try {
        const pass: Pass = advance ? (ms) => Promise.resolve(advance(ms)) : delay;
        await run({ store, other, pass });
      } finally {
        await close();
      }
    });
  }
}
