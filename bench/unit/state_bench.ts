import type { StateStore } from "../../state/store.ts";
import { withEachStore } from "./stores.ts";

/** What each store takes for the two operations of a request with a key. */

/** Requests under way at once, as clients of Redis share its connection. */
const CONCURRENT = 32;

const DAY_MS = 86_400_000;
const pending = new Uint8Array(150);
const answer = new Uint8Array(500);

async function request(store: StateStore): Promise<void> {
  const key = crypto.randomUUID();
  const token = crypto.randomUUID();
  await store.claim(key, { token, value: pending, leaseMs: 30_000, ttlMs: DAY_MS });
  await store.update(key, { token, value: answer, settled: true, ttlMs: DAY_MS });
}

function bench(name: string, store: StateStore): void {
  Deno.bench(`${name}, claim and update`, { group: "one" }, () => request(store));
  Deno.bench(`${name}, ${CONCURRENT} × claim and update`, { group: "many" }, async () => {
    await Promise.all(Array.from({ length: CONCURRENT }, () => request(store)));
  });
}

await withEachStore(bench);
