import { staticKeySet } from "../../auth/key_set.ts";
import { TokenVerifier } from "../../auth/token_verifier.ts";
import { testIssuer } from "../../tests/support/issuer.ts";

/** Number of different tokens; then the key set changes, which clears the cache of verified tokens. */
const TOKENS = 256;

for (const algorithm of ["RS256", "PS256", "ES256", "EdDSA"]) {
  const { jwks, issuer, audience, token } = await testIssuer(algorithm);
  const tokens = await Promise.all(
    Array.from({ length: TOKENS }, (_, index) => {
      return token({ expiresInS: 86_400, subject: `service-${index}` });
    }),
  );
  const keySet = { ...staticKeySet(jwks), version: 0 };
  const verifier = new TokenVerifier({
    keySet,
    issuer,
    audience,
    algorithms: [algorithm],
    plansClaim: "service_plans",
    clockToleranceS: 5,
  });
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
