import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { exportSPKI, importJWK, SignJWT } from "jose";
import { type KeySet, KeySetUnavailableError, staticKeySet } from "../../auth/key_set.ts";
import { RemoteKeySet } from "../../auth/remote_key_set.ts";
import { AuthRefusal, type AuthRefusalReason } from "../../errors/auth_refusal.ts";
import { GatewayError } from "../../errors/gateway_error.ts";
import { testClock } from "../support/clock.ts";
import { issuersOf, type TestIssuer, testIssuer, type TokenOptions } from "../support/issuer.ts";

const rsa = await testIssuer("RS256", "rsa");
const es = await testIssuer("ES256", "es");
const otherIssuer = await testIssuer("RS256", "rsa"); // the same kid, another key

const ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"];
const TOLERANCE_S = 5;

/** A verifier of tokens of `rsa` and `es`, with a stopped clock. */
function verifierOf(...issuers: TestIssuer[]) {
  const clock = testClock();
  const keys = {
    keys: (issuers.length > 0 ? issuers : [rsa, es]).flatMap(({ jwks }) => jwks.keys),
  };
  const asked: unknown[] = [];
  const found = staticKeySet(keys);
  const keySet = {
    ...found,
    version: 0,
    getKey: (...args: Parameters<typeof found.getKey>) => {
      asked.push(args[0]);
      return found.getKey(...args);
    },
  };
  const verifier = issuersOf(rsa, keySet, { clockToleranceS: TOLERANCE_S, now: clock.now });
  const token = (options: TokenOptions = {}, issuer = rsa) =>
    issuer.token({ now: clock.now(), ...options });
  return { verifier, clock, keySet, asked, token };
}

const encode = (value: unknown) =>
  new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value))
    .toBase64({ alphabet: "base64url", omitPadding: true });

/** The claims of a valid token, on the tests' clock. */
function goodClaims(): Record<string, unknown> {
  const exp = Math.floor(testClock().now() / 1000) + 300;
  return { iss: rsa.issuer, aud: rsa.audience, sub: "a", service_plans: ["plan-1"], exp };
}

async function signedText(payload: string, header: Record<string, unknown>): Promise<string> {
  const input = `${encode(header)}.${encode(payload)}`;
  const signature = await crypto.subtle.sign(
    "RSASSA-PKCS1-v1_5",
    rsa.privateKey,
    new TextEncoder().encode(input),
  );
  const last = new Uint8Array(signature).toBase64({ alphabet: "base64url", omitPadding: true });
  return `${input}.${last}`;
}

async function hmacSigned(secret: string): Promise<string> {
  return await new SignJWT(goodClaims()).setProtectedHeader({ alg: "HS256", kid: "rsa" })
    .sign(new TextEncoder().encode(secret));
}

async function publicKeyPem(): Promise<string> {
  const key = await importJWK(rsa.jwks.keys[0] ?? {}, "RS256", { extractable: true });
  assert(key instanceof CryptoKey);
  return await exportSPKI(key);
}

for (const alg of ALGORITHMS) {
  Deno.test(`a valid token signed with ${alg} gives the principal and its service plans`, async () => {
    const issuer = await testIssuer(alg);
    const { verifier, token } = verifierOf(issuer);
    const bearer = await token({ subject: "billing", servicePlans: ["a", "b"] }, issuer);
    assertEquals(await verifier.verify(bearer), {
      issuer: rsa.issuer,
      subject: "billing",
      servicePlans: ["a", "b"],
    });
  });
}

interface Attack {
  readonly name: string;
  readonly reason: AuthRefusalReason;
  readonly token: () => Promise<string> | string;
}

/** A token of a valid issuer with changed options, on the tests' clock. */
const changed = (options: TokenOptions, issuer = rsa) => () =>
  issuer.token({ now: testClock().now(), ...options });

const tampered = async (change: (parts: string[]) => string[]) =>
  change((await changed({})()).split(".")).join(".");

const ATTACKS: readonly Attack[] = [
  {
    name: "alg none without a signature",
    reason: "algorithm",
    token: () => `${encode({ alg: "none" })}.${encode(goodClaims())}.`,
  },
  {
    name: "alg none in mixed case",
    reason: "algorithm",
    token: () => `${encode({ alg: "nOnE", kid: "rsa" })}.${encode(goodClaims())}.`,
  },
  {
    name: "alg none with a valid signature",
    reason: "algorithm",
    token: () => tampered(([, ...rest]) => [encode({ alg: "none", kid: "rsa" }), ...rest]),
  },
  {
    name: "HS256 with the public key's PEM as the secret",
    reason: "algorithm",
    token: async () => hmacSigned(await publicKeyPem()),
  },
  {
    name: "HS256 with the public key's JWK as the secret",
    reason: "algorithm",
    token: () => hmacSigned(JSON.stringify(rsa.jwks.keys[0])),
  },
  {
    name: "an accepted key with an algorithm that is not accepted",
    reason: "algorithm",
    token: async () => (await testIssuer("RS512", "rsa")).token({ now: testClock().now() }),
  },
  {
    name: "the attacker's key in the jwk header",
    reason: "signature",
    token: changed({ header: { jwk: otherIssuer.jwks.keys[0] ?? {} } }, otherIssuer),
  },
  {
    name: "the attacker's key set in the jku header",
    reason: "signature",
    token: changed({ header: { jku: "https://evil.test/jwks.json" } }, otherIssuer),
  },
  {
    name: "the attacker's certificate in the x5u header",
    reason: "signature",
    token: changed({ header: { x5u: "https://evil.test/cert.pem" } }, otherIssuer),
  },
  {
    name: "an unknown extension in crit",
    reason: "algorithm",
    token: () =>
      signedText(JSON.stringify(goodClaims()), {
        alg: "RS256",
        kid: "rsa",
        crit: ["http://evil.test/x"],
        "http://evil.test/x": true,
      }),
  },
  {
    name: "an empty crit",
    reason: "malformed",
    token: () => signedText(JSON.stringify(goodClaims()), { alg: "RS256", kid: "rsa", crit: [] }),
  },
  ...["unknown", "../../dev/null", "' OR 1=1 --", "__proto__", "rsa\0", "http://evil.test/key"].map(
    (kid) => ({
      name: `the kid ${JSON.stringify(kid)}`,
      reason: "unknown_key" as const,
      token: changed({ header: { kid } }),
    }),
  ),
  {
    name: "the kid of a key of another type",
    reason: "unknown_key",
    token: changed({ header: { kid: "es" } }),
  },
  {
    name: "the signature of another issuer under a known kid",
    reason: "signature",
    token: changed({}, otherIssuer),
  },
  {
    name: "changed claims under a valid signature",
    reason: "signature",
    token: () =>
      tampered(([header = "", , signature = ""]) => [
        header,
        encode({ ...goodClaims(), sub: "admin" }),
        signature,
      ]),
  },
  {
    name: "a truncated signature",
    reason: "signature",
    token: () => tampered(([h = "", p = "", s = ""]) => [h, p, s.slice(0, -4)]),
  },
  {
    name: "no signature",
    reason: "signature",
    token: () => tampered(([h = "", p = ""]) => [h, p, ""]),
  },
  { name: "two parts", reason: "malformed", token: () => tampered((parts) => parts.slice(0, 2)) },
  {
    name: "five parts, as in an encrypted token",
    reason: "malformed",
    token: () => tampered((parts) => [...parts, "x", "y"]),
  },
  { name: "an empty token", reason: "malformed", token: () => "a" },
  {
    name: "a header that is not JSON",
    reason: "malformed",
    token: () => tampered(([, p = "", s = ""]) => [encode("{"), p, s]),
  },
  {
    name: "claims that are not JSON",
    reason: "malformed",
    token: () => signedText("{", { alg: "RS256", kid: "rsa" }),
  },
  {
    name: "claims that are an array",
    reason: "malformed",
    token: () => signedText("[]", { alg: "RS256", kid: "rsa" }),
  },
  {
    name: "a nested token",
    reason: "malformed",
    token: async () => signedText(await changed({})(), { alg: "RS256", kid: "rsa", cty: "JWT" }),
  },
  {
    name: "9,000 characters",
    reason: "malformed",
    token: changed({ claims: { padding: "x".repeat(7_000) } }),
  },
  {
    name: "a megabyte of dots",
    reason: "malformed",
    token: () => ".".repeat(1024 * 1024),
  },
  ...["dpop+jwt", "logout+jwt", "secevent+jwt", "JOSE", "id+jwt"].map((typ) => ({
    name: `the type ${typ}`,
    reason: "type" as const,
    token: changed({ header: { typ } }),
  })),
  ...[5, null, [], {}, true, ""].flatMap((value) => [
    {
      name: `the type ${JSON.stringify(value)}`,
      reason: "type" as const,
      token: () =>
        signedText(JSON.stringify(goodClaims()), { alg: "RS256", kid: "rsa", typ: value }),
    },
    ...value === "" ? [] : [{
      name: `the subject ${JSON.stringify(value)}`,
      reason: "claims" as const,
      token: () =>
        signedText(JSON.stringify({ ...goodClaims(), sub: value }), { alg: "RS256", kid: "rsa" }),
    }],
  ]),
  { name: "no exp", reason: "claims", token: changed({ expiresInS: null }) },
  {
    name: "an exp that is text",
    reason: "claims",
    token: changed({ claims: { exp: "9999999999" } }),
  },
  { name: "an exp long past", reason: "expired", token: changed({ expiresInS: -3_600 }) },
  {
    name: "an exp just past the leeway",
    reason: "expired",
    token: changed({ expiresInS: -TOLERANCE_S }),
  },
  {
    name: "an nbf beyond the leeway",
    reason: "not_yet_valid",
    token: changed({ notBeforeInS: TOLERANCE_S + 1 }),
  },
  { name: "another issuer", reason: "issuer", token: changed({ issuer: "https://evil.test" }) },
  {
    name: "an issuer that only starts with the expected one",
    reason: "issuer",
    token: changed({ issuer: `${rsa.issuer}/` }),
  },
  {
    name: "no issuer",
    reason: "issuer",
    token: changed({ claims: { iss: undefined } }),
  },
  { name: "another audience", reason: "audience", token: changed({ audience: "other" }) },
  { name: "no audience", reason: "audience", token: changed({ claims: { aud: undefined } }) },
  {
    name: "an audience in different case",
    reason: "audience",
    token: changed({ audience: rsa.audience.toUpperCase() }),
  },
  {
    name: "an issuer given twice, the wrong one last",
    reason: "issuer",
    token: () =>
      signedText(
        JSON.stringify(goodClaims()).replace(/}$/, ',"iss":"https://evil.test"}'),
        { alg: "RS256", kid: "rsa" },
      ),
  },
];

for (const { name, reason, token } of ATTACKS) {
  Deno.test(`a token with ${name} is refused as ${reason}`, async () => {
    const { verifier } = verifierOf();
    const bearer = await token();
    for (let time = 0; time < 2; time++) { // a refused token must not be cached
      const refusal = await assertRejects(() => verifier.verify(bearer), AuthRefusal);
      assertEquals(refusal.reason, reason);
      assertEquals([refusal.failure.status, refusal.failure.code], [401, "unauthorized"]);
    }
    assertEquals(verifier.recall(bearer), undefined);
  });
}

const GOOD: readonly [name: string, TokenOptions][] = [
  ["an exp within the leeway", { expiresInS: -TOLERANCE_S + 1 }],
  ["an nbf within the leeway", { notBeforeInS: TOLERANCE_S }],
  ["several audiences including the expected one", { claims: { aud: ["other", rsa.audience] } }],
  ["the type of RFC 9068", { header: { typ: "at+jwt" } }],
  ["the type of RFC 9068 with application/", { header: { typ: "application/at+jwt" } }],
  ["the type JWT in lower case", { header: { typ: "jwt" } }],
  ["a jku header, which is ignored", { header: { jku: "https://evil.test/" } }],
];

for (const [name, options] of GOOD) {
  Deno.test(`a token with ${name} is accepted`, async () => {
    const { verifier, token } = verifierOf();
    assertEquals((await verifier.verify(await token(options))).subject, "service-a");
  });
}

const PLANS: readonly [claim: unknown, plans: readonly string[]][] = [
  [["a", "b"], ["a", "b"]],
  [[], []],
  ["plan-1", ["plan-1"]],
  ["a b  c ", ["a", "b", "c"]],
  ["", []],
  [[""], []],
  [7, []],
  [{ 0: "plan-1" }, []],
  [[1, null, "a", ["b"]], ["a"]],
  [true, []],
];

for (const [claim, plans] of PLANS) {
  Deno.test(`the claim ${JSON.stringify(claim)} gives access to ${plans.length} service plans`, async () => {
    const { verifier, token } = verifierOf();
    const principal = await verifier.verify(await token({ servicePlans: claim }));
    assertEquals(principal.servicePlans, plans);
  });
}

Deno.test("a token without a kid is verified with each key of its algorithm", async () => {
  const other = await testIssuer("ES256", "other");
  const { verifier, token } = verifierOf(es, other);
  const header = { kid: undefined } as unknown as NonNullable<TokenOptions["header"]>;
  assert(await verifier.verify(await token({ header }, other)));
  const foreign = await testIssuer("ES256", "foreign");
  const refusal = await assertRejects(
    async () => verifier.verify(await token({ header }, foreign)),
    AuthRefusal,
  );
  assertEquals(refusal.reason, "signature");
});

const ED25519_NAMES = ["EdDSA", "Ed25519"] as const;

for (const accepted of ED25519_NAMES) {
  for (const ofToken of ED25519_NAMES) {
    for (const ofKey of [...ED25519_NAMES, undefined]) {
      Deno.test(`with ${accepted} configured, a token with alg ${ofToken} is accepted under a key of ${ofKey} (RFC 9864)`, async () => {
        const ed = await testIssuer(ofToken, "ed");
        const keys = ed.jwks.keys.map(({ alg: _, ...key }) => ({
          ...key,
          ...(ofKey && { alg: ofKey }),
        }));
        const fetched = new RemoteKeySet({ url: "https://issuer.test/jwks.json" }, {
          fetch: () => Promise.resolve(Response.json({ keys })),
          ...FETCHING,
        });
        for (const keySet of [staticKeySet({ keys }), fetched]) {
          const verifier = issuersOf(ed, keySet, { settings: { algorithms: [accepted] } });
          assertEquals((await verifier.verify(await ed.token())).subject, "service-a");
        }
      });
    }
  }
}

Deno.test("EdDSA and Ed25519 are refused if neither is configured", async () => {
  const ed = await testIssuer("Ed25519");
  const verifier = issuersOf(ed, staticKeySet(ed.jwks), { settings: { algorithms: ["ES256"] } });
  const refusal = await assertRejects(async () => verifier.verify(await ed.token()), AuthRefusal);
  assertEquals(refusal.reason, "algorithm");
});

const FETCHING = { maxAgeMs: 600_000, cooldownMs: 30_000, maxStaleMs: 3_600_000 };

/** A verifier that fetches its keys from `world.answer`, with its own clock. */
function fetchingVerifier(first: TestIssuer) {
  const clock = testClock();
  const world = { answer: () => Promise.resolve(Response.json(first.jwks)), fetches: 0 };
  const keySet = new RemoteKeySet({ url: "https://issuer.test/jwks.json" }, {
    ...FETCHING,
    now: clock.now,
    fetch: () => {
      world.fetches++;
      return world.answer();
    },
  });
  const verifier = issuersOf(first, keySet, { clockToleranceS: TOLERANCE_S });
  const reasonOf = async (token: string) =>
    (await assertRejects(() => verifier.verify(token), AuthRefusal)).reason;
  return { clock, world, keySet, verifier, reasonOf };
}

const WITHOUT_KID = {
  header: { kid: undefined } as unknown as NonNullable<TokenOptions["header"]>,
};

for (const [tokens, options] of [["tokens", {}], ["tokens without a kid", WITHOUT_KID]] as const) {
  Deno.test(`${tokens} are accepted at once after the issuer replaced its key under the same kid`, async () => {
    const before = await testIssuer("ES256", "same");
    const sibling = await testIssuer("ES256", "sibling");
    const after = await testIssuer("ES256", "same");
    const { clock, world, verifier, reasonOf } = fetchingVerifier(before);
    const publish = (...issuers: TestIssuer[]) =>
      world.answer = () =>
        Promise.resolve(Response.json({ keys: issuers.flatMap(({ jwks }) => jwks.keys) }));
    publish(before, sibling);
    const old = await before.token(options);
    assert(await verifier.verify(old));
    publish(after, sibling);
    clock.advance(FETCHING.cooldownMs);
    const renewed = await Promise.all(
      Array.from({ length: 10 }, (_, i) => after.token({ ...options, subject: `${i}` })),
    );
    await Promise.all(renewed.map((token) => verifier.verify(token)));
    assert(renewed.every((token) => verifier.recall(token)), "remembered");
    assertEquals(world.fetches, 2);
    assertEquals(await reasonOf(old), "signature");
  });
}

Deno.test("a thousand forged signatures cause one fetch, and another one after the cooldown", async () => {
  const good = await testIssuer("ES256", "same");
  const forger = await testIssuer("ES256", "same");
  const { clock, world, verifier, reasonOf } = fetchingVerifier(good);
  await verifier.verify(await good.token());
  const forged = await forger.token();
  for (const fetches of [1, 2, 3]) {
    for (let i = 0; i < 1_000; i++) assertEquals(await reasonOf(forged), "signature");
    assertEquals(world.fetches, fetches);
    clock.advance(FETCHING.cooldownMs);
  }
});

Deno.test("a wrong signature is 401 by the last good keys while the issuer cannot be reached", async () => {
  const good = await testIssuer("ES256", "same");
  const { clock, world, verifier, reasonOf } = fetchingVerifier(good);
  await verifier.verify(await good.token());
  world.answer = () => Promise.reject(new TypeError("connection refused"));
  clock.advance(FETCHING.cooldownMs);
  const forger = await testIssuer("ES256", "same");
  assertEquals(await reasonOf(await forger.token()), "signature");
  assertEquals(world.fetches, 2);
});

const SUBJECTS: readonly [sub: unknown, subject: string | undefined][] = [
  ["billing", "billing"],
  ["a\u0000b\u001b[31m\n\u0085c\ud800", "ab[31mc\ufffd"],
  ["x".repeat(1_000), "x".repeat(256)],
  ["", undefined],
  [{ a: 1 }, undefined],
  [7, undefined],
  [undefined, undefined],
];

for (const [sub, subject] of SUBJECTS) {
  Deno.test(`an expired token with the sub ${JSON.stringify(sub)?.slice(0, 40)} gives it as the unverified subject`, async () => {
    const { verifier, token } = verifierOf();
    const refuse = async (options: TokenOptions) =>
      await assertRejects(async () => verifier.verify(await token(options)), AuthRefusal);
    const refusal = await refuse({ claims: { sub }, expiresInS: -60 });
    assertEquals([refusal.reason, refusal.unverifiedSubject], ["expired", subject]);
  });
}

Deno.test("only an expired token gives its unverified subject", async () => {
  const { verifier } = verifierOf();
  for (const { name, reason, token } of ATTACKS) {
    const refusal = await assertRejects(async () => verifier.verify(await token()), AuthRefusal);
    assertEquals(refusal.unverifiedSubject !== undefined, reason === "expired", name);
  }
});

Deno.test("a verified token is cached, and its signature is not checked again", async () => {
  const { verifier, token, asked } = verifierOf();
  const bearer = await token();
  const principal = await verifier.verify(bearer);
  assertEquals(verifier.recall(bearer), principal);
  await verifier.verify(bearer);
  assertEquals(asked.length, 1);
});

Deno.test("a cached token is not accepted after its exp and the leeway", async () => {
  const { verifier, token, clock } = verifierOf();
  const bearer = await token({ expiresInS: 60 });
  await verifier.verify(bearer);
  clock.advance((60 + TOLERANCE_S) * 1_000 - 1);
  assert(verifier.recall(bearer));
  clock.advance(1);
  assertEquals(verifier.recall(bearer), undefined);
  const refusal = await assertRejects(() => verifier.verify(bearer), AuthRefusal);
  assertEquals(refusal.reason, "expired");
});

Deno.test("the cache is cleared when the key set changes", async () => {
  const { verifier, token, keySet, asked } = verifierOf();
  const bearer = await token();
  await verifier.verify(bearer);
  keySet.version++;
  assertEquals(verifier.recall(bearer), undefined);
  await verifier.verify(bearer);
  assertEquals(asked.length, 2);
});

Deno.test("a cached token is not accepted while the keys are stale", async () => {
  const { verifier, keySet, token } = verifierOf();
  const bearer = await token();
  await verifier.verify(bearer);
  assert(verifier.recall(bearer));
  keySet.isReady = () => false;
  assertEquals(verifier.recall(bearer), undefined);
});

Deno.test("a token verified while the keys changed is not cached, as its key may be withdrawn", async () => {
  const { verifier, token, keySet } = verifierOf();
  const { getKey } = keySet;
  keySet.getKey = async (...args) => {
    const key = await getKey(...args);
    keySet.version++;
    return key;
  };
  const bearer = await token();
  await verifier.verify(bearer);
  keySet.getKey = getKey;
  assertEquals(verifier.recall(bearer), undefined);
});

Deno.test("a token that cannot be verified for want of keys is 503 with Retry-After, not 401", async () => {
  const keySet: KeySet = {
    ...staticKeySet(rsa.jwks),
    getKey: () => Promise.reject(new KeySetUnavailableError()),
  };
  const verifier = issuersOf(rsa, keySet);
  const error = await assertRejects(
    async () => verifier.verify(await rsa.token()),
    GatewayError,
  );
  assertEquals([error.failure.status, error.failure.code], [503, "key_set_unavailable"]);
  assertMatch(error.failure.headers?.["retry-after"] ?? "", /^\d+$/);
});

Deno.test("an unexpected failure during verification is not a 401", async () => {
  const keySet: KeySet = {
    ...staticKeySet(rsa.jwks),
    getKey: () => Promise.reject(new RangeError("bug")),
  };
  const verifier = issuersOf(rsa, keySet);
  await assertRejects(async () => verifier.verify(await rsa.token()), RangeError);
});

Deno.test("only the challenge of an expired token contains the word expired", async () => {
  const { verifier } = verifierOf();
  for (const { name, reason, token } of ATTACKS) {
    const refusal = await assertRejects(async () => verifier.verify(await token()), AuthRefusal);
    const challenge = refusal.failure.headers?.["www-authenticate"] ?? "";
    assertMatch(
      challenge,
      /^Bearer realm="[^"]+", error="invalid_token", error_description="[^"]+"$/,
    );
    assertEquals(challenge.includes("expired"), reason === "expired", name);
  }
});

const HEADER = { alg: "RS256", kid: "rsa", typ: "JWT" };
const ODD = [5, -1, 1e400, null, true, "", "x", [], [[]], {}, { a: 1 }];

Deno.test("members of any JSON type are refused or ignored, and never an unexpected error", async () => {
  const { verifier } = verifierOf();
  const members = ["alg", "kid", "typ", "cty", "crit", "b64", "jwk", "jku", "x5c", "x5t"];
  const names = ["iss", "sub", "aud", "exp", "nbf", "iat", "jti", "service_plans"];
  const tokens = await Promise.all(ODD.flatMap((value) => [
    ...members.map((name) =>
      signedText(JSON.stringify(goodClaims()), { ...HEADER, [name]: value })
    ),
    ...names.map((name) => signedText(JSON.stringify({ ...goodClaims(), [name]: value }), HEADER)),
  ]));
  for (const token of tokens) {
    const error = await verifier.verify(token).then(() => undefined, (error) => error);
    assert(error === undefined || error instanceof AuthRefusal, `${error} of ${token}`);
  }
});

/** Tokens of one caller that differ from each other, so that each has to be verified. */
function freshTokens(subject: string, count: number): Promise<string[]> {
  const { token } = verifierOf();
  return Promise.all(
    Array.from({ length: count }, (_, index) => token({ subject, claims: { jti: `${index}` } })),
  );
}

Deno.test("many new tokens of one caller do not delay a new token of another one", async () => {
  const { verifier } = verifierOf();
  const finished: string[] = [];
  const many = await freshTokens("busy", 200);
  const [one = ""] = await freshTokens("other", 1);
  await Promise.all([...many, one].map(async (token) => {
    finished.push((await verifier.verify(token)).subject ?? "");
  }));
  const place = finished.indexOf("other");
  assertEquals(finished.length, 201);
  assert(place < 20, `verified after ${place} tokens of the other caller`);
});

Deno.test("too many new tokens of one caller are 429 with Retry-After, and do not reach the others", async () => {
  const keySet = staticKeySet(rsa.jwks);
  const { now } = testClock();
  const verifier = issuersOf(rsa, keySet, { now, maxWaitingPerCaller: 10 });
  const many = await freshTokens("busy", 100);
  const [one = ""] = await freshTokens("other", 1);
  const results = await Promise.allSettled([...many, one].map((token) => verifier.verify(token)));
  const refused = results.flatMap((result) => result.status === "rejected" ? [result.reason] : []);
  assertEquals(results.at(-1)?.status, "fulfilled");
  assert(refused.length > 0 && refused.length < 100, `${refused.length}`);
  for (const error of refused) {
    assert(error instanceof GatewayError);
    assertEquals([error.failure.code, error.failure.headers?.["retry-after"]], [
      "too_many_requests",
      "1",
    ]);
  }
  await Promise.all(many.slice(0, 5).map((token) => verifier.verify(token))); // turns came back
});

Deno.test("a download of keys that does not end takes no turn from the tokens of other keys", async () => {
  const { now } = testClock();
  const found = staticKeySet(rsa.jwks);
  const never = new Promise<never>(() => {});
  const keySet: KeySet = {
    ...found,
    getKey: (header, jws) => header?.kid === "absent" ? never : found.getKey(header, jws),
  };
  const verifier = issuersOf(rsa, keySet, { now });
  const stuck = await Promise.all(
    Array.from(
      { length: 20 },
      (_, index) => verifierOf().token({ header: { kid: "absent" }, subject: `${index}` }),
    ),
  );
  for (const token of stuck) void verifier.verify(token);
  assertEquals((await verifier.verify(await verifierOf().token())).issuer, rsa.issuer);
});
