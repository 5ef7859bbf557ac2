import { MemoryStore } from "../../state/memory.ts";
import { StateError } from "../../state/store.ts";
import { newClaim } from "./conformance.ts";

/** Fills a store with settled records and prints its RSS growth per counted byte. */
const store = new MemoryStore();
const before = Deno.memoryUsage().rss;
try {
  for (let index = 0;; index++) {
    const key = `${index}`.padStart(43, "0"); // as long as a SHA-256 in base64url
    const claim = newClaim({ value: new Uint8Array(200) });
    await store.claim(key, claim);
    const answer = { value: new Uint8Array(600), settled: true, ttlMs: 60_000 };
    await store.update(key, { token: claim.token, ...answer });
  }
} catch (error) {
  if (!(error instanceof StateError)) throw error;
}
const grown = Deno.memoryUsage().rss - before;
// deno-lint-ignore no-console -- its parent reads it
console.log(`${(grown / store.bytes).toFixed(2)} bytes of memory per byte that is counted`);
