import { assert, assertEquals } from "@std/assert";
import { staticKeySet } from "../../auth/key_set.ts";
import { TokenVerifier } from "../../auth/token_verifier.ts";
import { FairTurns } from "../../limits/fair_turns.ts";
import { settingsOf } from "../support/issuer.ts";
import { MAX_TOKEN_CACHE_BYTES, VerifiedTokenCache } from "../../auth/verified_token_cache.ts";

const ISSUER = "https://issuer.test";

const OTHER = {
  verifier: new TokenVerifier({
    keySet: staticKeySet({ keys: [] }),
    settings: settingsOf({ issuer: ISSUER, audience: "a", jwks: { keys: [] } }),
    clockToleranceS: 0,
    now: Date.now,
    turns: new FairTurns({ atOnce: 1, maxWaiting: 0 }),
  }),
  keysVersion: 0,
};

/** A token of 7.8 KB, unique per number. */
const tokenOf = (n: number) => `${n}.`.padEnd(7_800, "x");

const remember = (tokens: VerifiedTokenCache, n: number, servicePlans: readonly string[]) => {
  const principal = { issuer: ISSUER, subject: `service-${n}`, servicePlans };
  tokens.set(tokenOf(n), { ...OTHER, principal, expiresAt: n });
};

/** Plan lists of the greatest size in 5.8 KB of claims → least number of bytes in memory. */
const LISTS: Readonly<Record<string, [(n: number) => string[], leastBytes: number]>> = {
  "a few long plans": [(n) => [`${n}`.padEnd(5_000, "p")], 5_000],
  "many short plans": [(n) => Array.from({ length: 800 }, (_, i) => `${n}-${i}`), 800 * 32],
};

for (const [name, [listOf, leastBytes]] of Object.entries(LISTS)) {
  Deno.test(`tokens with ${name} are evicted, the oldest first, before the memory limit is exceeded`, () => {
    const tokens = new VerifiedTokenCache();
    const count = 10_000;
    for (let n = 0; n < count; n++) remember(tokens, n, listOf(n));
    const kept = Array.from({ length: count }, (_, n) => n).filter((n) => tokens.get(tokenOf(n)));
    assert(kept.length > 100, `${kept.length}`);
    assert(kept.length * leastBytes <= MAX_TOKEN_CACHE_BYTES, `${kept.length}`);
    assertEquals(kept[0], count - kept.length);
    assertEquals(tokens.get(tokenOf(count - 1))?.principal.servicePlans, listOf(count - 1));
  });
}

Deno.test("a token of typical size is still cached after ten thousand others", () => {
  const tokens = new VerifiedTokenCache();
  const plans = ["01FC66621VHDBN119Z8PMV1QPU", "01FC66621VHDBN119Z8PMV1QPV"];
  for (let n = 0; n < 10_000; n++) remember(tokens, n, [...plans]);
  for (const n of [0, 5_000, 9_999, 0]) {
    assertEquals(tokens.get(tokenOf(n)), {
      principal: { issuer: ISSUER, subject: `service-${n}`, servicePlans: plans },
      expiresAt: n,
      ...OTHER,
    });
  }
});

Deno.test("tokens that name the same plans share one list", () => {
  const tokens = new VerifiedTokenCache();
  for (const n of [1, 2]) remember(tokens, n, ["a", "b"]);
  const [first, second] = [1, 2].map((n) => tokens.get(tokenOf(n))?.principal.servicePlans);
  assert(first && first === second);
});

Deno.test("no token gets the plans of another, however similar they are", () => {
  const lists = [["a", "b"], ["b", "a"], ["a,b"], ["a\0b"], ['a","b'], ["a", "b", ""], [], [""]];
  const tokens = new VerifiedTokenCache();
  for (const [n, plans] of lists.entries()) remember(tokens, n, plans);
  for (const [n, plans] of lists.entries()) {
    assertEquals(tokens.get(tokenOf(n))?.principal.servicePlans, plans);
  }
});

Deno.test("a token that was verified again is found as it was verified last", () => {
  const tokens = new VerifiedTokenCache();
  remember(tokens, 1, ["before"]);
  assert(tokens.get(tokenOf(1))); // moves it to the recent generation too
  remember(tokens, 1, ["after"]);
  assertEquals(tokens.get(tokenOf(1))?.principal.servicePlans, ["after"]);
});
