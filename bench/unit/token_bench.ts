import { staticKeySet } from "../../auth/key_set.ts";
import { issuersOf, testIssuer } from "../../tests/support/issuer.ts";

/** Number of different tokens; then the key set changes, which clears the cache of verified tokens. */
const TOKENS = 256;

for (const algorithm of ["RS256", "PS256", "ES256", "EdDSA"]) {
  const issuer = await testIssuer(algorithm);
  const tokens = await Promise.all(
    Array.from({ length: TOKENS }, (_, index) => {
      return issuer.token({ expiresInS: 86_400, subject: `service-${index}` });
    }),
  );
  const keySet = { ...staticKeySet(issuer.jwks), version: 0 };
  const verifier = issuersOf(issuer, keySet, { clockToleranceS: 5 });
  let next = 0;

  Deno.bench(`${algorithm}, seen before`, { group: algorithm, baseline: true }, async () => {
    await verifier.verify(tokens[0] ?? "");
  });

  Deno.bench(`${algorithm}, new`, { group: algorithm }, async () => {
    next = (next + 1) % TOKENS;
    if (next === 0) keySet.version++;
    await verifier.verify(tokens[next] ?? "");
  });
}
