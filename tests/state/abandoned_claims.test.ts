import { assert, assertEquals, assertRejects } from "@std/assert";
import { delay } from "@std/async/delay";
import { withAbandonedClaims } from "../../state/abandoned_claims.ts";
import { MemoryStore } from "../../state/memory.ts";
import { type Claim, StateError, type StateStore } from "../../state/store.ts";
import { newClaim, newKey } from "./conformance.ts";

/** A store that carries operations out, and says that they timed out while it is `down`. */
class LossyStore extends MemoryStore implements StateStore {
  down = false;
  releases = 0;

  override async claim(key: string, claim: Claim) {
    return this.#lose(await super.claim(key, claim));
  }

  override async release(key: string, token: string) {
    this.releases++;
    if (this.down) throw new StateError("unreachable");
    return await super.release(key, token);
  }

  #lose<T>(result: T): T {
    if (this.down) throw new StateError("timeout", { maybeDone: true });
    return result;
  }
}

/** A wrapped store that has just lost the answer of a claim. */
async function afterLostClaim(options: { intervalMs?: number; maxTokens?: number } = {}) {
  const inner = new LossyStore();
  const store = withAbandonedClaims(inner, options);
  const [key, claim] = [newKey(), newClaim()];
  inner.down = true;
  await assertRejects(() => store.claim(key, claim), StateError);
  return { inner, store, key, claim };
}

Deno.test("a claim that timed out is released once the store answers, and not before", async () => {
  const { inner, store, key } = await afterLostClaim({ intervalMs: 10 });
  await delay(100);
  assert(inner.releases > 1, `${inner.releases}`);
  inner.down = false;
  await delay(50);
  assert((await inner.claim(key, newClaim())).claimed);
  const { releases } = inner;
  await delay(50);
  assertEquals(inner.releases, releases);
  await store.close();
});

Deno.test("a claim takes over the key of an earlier one that timed out", async () => {
  const { inner, store, key } = await afterLostClaim({ intervalMs: 60_000 });
  inner.down = false;
  const claim = newClaim();
  assertEquals(await store.claim(key, claim), { claimed: true });
  const result = await store.claim(key, newClaim());
  assert(!result.claimed && result.record.token === claim.token);
  await store.close();
});

Deno.test("a claim of another process is not taken over", async () => {
  const { inner, store, key, claim } = await afterLostClaim({ intervalMs: 60_000 });
  inner.down = false;
  await inner.release(key, claim.token);
  const theirs = newClaim();
  await inner.claim(key, theirs);
  const result = await store.claim(key, newClaim());
  assert(!result.claimed && result.record.token === theirs.token);
  await store.close();
});

Deno.test("a release that failed is repeated", async () => {
  const inner = new LossyStore();
  const store = withAbandonedClaims(inner, { intervalMs: 10 });
  const [key, claim] = [newKey(), newClaim()];
  await store.claim(key, claim);
  inner.down = true;
  await assertRejects(() => store.release(key, claim.token), StateError);
  inner.down = false;
  await delay(50);
  assert((await inner.claim(key, newClaim())).claimed);
  await store.close();
});

Deno.test("a claim that reaches the store after its release is released all the same", async () => {
  const { inner, store, key, claim } = await afterLostClaim({ intervalMs: 10 });
  inner.down = false;
  await inner.release(key, claim.token);
  await delay(50); // The store says that there is no such record.
  await inner.claim(key, claim);
  await delay(1_200);
  assert((await inner.claim(key, newClaim())).claimed);
  await store.close();
});

Deno.test("a failure that did nothing leaves nothing to release", async () => {
  const inner = new MemoryStore({ maxBytes: 0 });
  const store = withAbandonedClaims(inner);
  const claim = newClaim();
  for (let attempt = 0; attempt < 2; attempt++) {
    const error = await assertRejects(() => store.claim(newKey(), claim), StateError);
    assertEquals(error.reason, "full");
  }
  await store.close();
});

Deno.test("a token that was given up is not claimed with again", async () => {
  const { inner, store, key, claim } = await afterLostClaim();
  inner.down = false;
  await assertRejects(() => store.claim(key, claim), TypeError);
  await store.close();
});

Deno.test("of the tokens that were given up, the newest are kept", async () => {
  const { inner, store, key: oldest } = await afterLostClaim({ maxTokens: 2, intervalMs: 20 });
  const [second, third] = [newKey(), newKey()];
  for (const key of [second, third]) {
    await assertRejects(() => store.claim(key, newClaim()), StateError);
  }
  inner.down = false;
  await delay(100);
  const claims = [oldest, second, third].map((key) => inner.claim(key, newClaim()));
  assertEquals((await Promise.all(claims)).map(({ claimed }) => claimed), [false, true, true]);
  await store.close();
});
