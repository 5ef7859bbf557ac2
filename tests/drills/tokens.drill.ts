import { assert, assertEquals, assertMatch } from "@std/assert";
import { Pool } from "undici";
import { CompactSign, exportSPKI, importJWK, SignJWT, UnsecuredJWT } from "jose";
import { MAX_TOKEN_CACHE_BYTES } from "../../auth/verified_token_cache.ts";
import { type TestIssuer, testIssuer } from "../support/issuer.ts";
import type { Drill } from "./kit/drill.ts";
import { PLAN, startGateway } from "./kit/gateway_process.ts";
import { startIssuerServer } from "./kit/issuer_server.ts";
import { rawUpstream } from "./kit/raw_upstream.ts";

const BATCHES = `/xms/v1/${PLAN}/batches`;

/** Ten times as many as are remembered of the costly ones. */
const LARGE_TOKENS = 10_000;

const now = () => Math.floor(Date.now() / 1_000);
const base64url = (text: string) =>
  btoa(text).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");

/** What an attacker has: good tokens of the past, the public keys, a server of their own. */
interface Attacker {
  readonly issuer: TestIssuer;
  readonly own: TestIssuer;
  readonly ownKeysUrl: string;
}

type Attack = (attacker: Attacker) => string | Promise<string>;

const claims = (issuer: TestIssuer) => ({
  iss: issuer.issuer,
  aud: issuer.audience,
  sub: "mallory",
  service_plans: [PLAN],
  exp: now() + 300,
});

/** A token whose header and payload are these texts, signed by nobody. */
const forged = (header: unknown, payload: unknown, signature = "AAAA") =>
  `${base64url(JSON.stringify(header))}.${base64url(JSON.stringify(payload))}.${signature}`;

const hs256 = async (issuer: TestIssuer, secret: string) =>
  await new SignJWT(claims(issuer)).setProtectedHeader({ alg: "HS256", kid: issuer.kid })
    .sign(new TextEncoder().encode(secret));

const publicKey = async ({ jwks }: TestIssuer) =>
  await importJWK(jwks.keys[0] ?? {}, "ES256", { extractable: true }) as CryptoKey;

/** A token of the attacker's own key that says where to find it. */
const ownKey = (header: Record<string, unknown>): Attack => ({ own, issuer }) =>
  own.token({ header: { kid: issuer.kid, ...header } });

const kid = (value: string): Attack => ({ own }) => own.token({ header: { kid: value } });

/** A good token of the issuer but for this; it must not be good. */
const but = (options: Parameters<TestIssuer["token"]>[0]): Attack => ({ issuer }) =>
  issuer.token(options);

const ATTACKS: Readonly<Record<string, Attack>> = {
  "alg none": ({ issuer }) => new UnsecuredJWT(claims(issuer)).encode(),
  "alg None, with a signature": ({ issuer }) => forged({ alg: "None" }, claims(issuer)),
  "alg nOnE, empty signature": ({ issuer }) => forged({ alg: "nOnE" }, claims(issuer), ""),
  "HS256 with the public key as PEM": async ({ issuer }) =>
    hs256(issuer, await exportSPKI(await publicKey(issuer))),
  "HS256 with the public key as JWK": ({ issuer }) =>
    hs256(issuer, JSON.stringify(issuer.jwks.keys[0])),
  "HS256 with an empty-looking secret": ({ issuer }) => hs256(issuer, "\0"),
  "jwk in the header": (attacker) => ownKey({ jwk: attacker.own.jwks.keys[0] })(attacker),
  "jku in the header": (attacker) => ownKey({ jku: attacker.ownKeysUrl })(attacker),
  "x5u in the header": (attacker) => ownKey({ x5u: attacker.ownKeysUrl })(attacker),
  "jku, unknown kid": ({ own, ownKeysUrl }) => own.token({ header: { jku: ownKeysUrl } }),
  "x5c in the header": (attacker) => ownKey({ x5c: ["MIIB"] })(attacker),
  "crit with a name nobody knows": ({ issuer }) =>
    forged({ alg: "ES256", kid: issuer.kid, crit: ["exploit"], exploit: 1 }, claims(issuer)),
  "b64 false": ({ issuer }) =>
    forged({ alg: "ES256", kid: issuer.kid, b64: false, crit: ["b64"] }, claims(issuer)),
  "kid that climbs": kid("../../../../dev/null"),
  "kid with SQL": kid("' UNION SELECT 'secret"),
  "kid with a NUL": kid("key-1\0"),
  "kid __proto__": kid("__proto__"),
  "kid that is an object": ({ issuer }) =>
    forged({ alg: "ES256", kid: { toString: "x" } }, claims(issuer)),
  "kid of 4 KB": kid("k".repeat(4_096)),
  "another's signature": async ({ issuer, own }) => {
    const [header, payload] = (await issuer.token()).split(".");
    return `${header}.${payload}.${(await own.token()).split(".")[2]}`;
  },
  "claims changed after signing": async ({ issuer }) => {
    const [header, , signature] = (await issuer.token({ servicePlans: ["plan-2"] })).split(".");
    return `${header}.${base64url(JSON.stringify(claims(issuer)))}.${signature}`;
  },
  "ES256 signature of zeros": ({ issuer }) =>
    forged({ alg: "ES256", kid: issuer.kid }, claims(issuer), base64url("\0".repeat(64))),
  "a signature of no bytes": ({ issuer }) =>
    forged({ alg: "ES256", kid: issuer.kid }, claims(issuer), ""),
  "a nested token": async ({ issuer }) =>
    await new CompactSign(new TextEncoder().encode(await issuer.token()))
      .setProtectedHeader({ alg: "ES256", kid: issuer.kid, cty: "JWT" }).sign(issuer.privateKey),
  "duplicated claims, the last one foreign": async ({ issuer }) =>
    await new CompactSign(
      new TextEncoder().encode(
        JSON.stringify(claims(issuer)).replace(/}$/, ',"service_plans":["plan-2"]}'),
      ),
    ).setProtectedHeader({ alg: "ES256", kid: issuer.kid }).sign(issuer.privateKey),
  "typ of a DPoP proof": but({ header: { typ: "dpop+jwt" } }),
  "typ of a logout token": but({ header: { typ: "logout+jwt" } }),
  "typ of an ID token hint": but({ header: { typ: "id_token+jwt" } }),
  "expired": but({ expiresInS: -10 }),
  "no exp": but({ expiresInS: null }),
  "exp that is text": but({ claims: { exp: "9999999999" } }),
  "not yet valid": but({ notBeforeInS: 60 }),
  "another issuer": but({ issuer: "https://issuer.test.evil" }),
  "issuer with a slash": but({ issuer: "https://issuer.test/" }),
  "another audience": but({ audience: "sms-gateway-admin" }),
  "another plan": but({ servicePlans: ["plan-2"] }),
  "plans as text that holds it": but({ servicePlans: `${PLAN},plan-2` }),
  "plans as an object": but({ servicePlans: { 0: PLAN, length: 1 } }),
  "plans nested": but({ servicePlans: [[PLAN]] }),
  "plan as a prefix": but({ servicePlans: ["plan-", "plan-1x", "PLAN-1"] }),
  "9 KB": but({ claims: { filling: "x".repeat(9_000) } }),
  "a word": () => "letmein",
  "four parts": async ({ issuer }) => `${await issuer.token()}.AAAA`,
  "five parts": () => "a.b.c.d.e",
  "not base64": () => "e30.e30.****",
};

/** Ways to bring a good token that are none. */
const CARRIERS: Readonly<Record<string, (token: string) => Record<string, string>>> = {
  "no token": () => ({}),
  "another scheme": (token) => ({ authorization: `Basic ${token}` }),
  "two tokens": (token) => ({ authorization: `Bearer ${token}, Bearer ${token}` }),
  "no scheme": (token) => ({ authorization: token }),
  "a cookie": (token) => ({ cookie: `access_token=${token}` }),
  "another header": (token) => ({ "x-authorization": `Bearer ${token}` }),
  "a proxy's header": (token) => ({ "proxy-authorization": `Bearer ${token}` }),
};

async function attackTable(): Promise<string> {
  const own = await testIssuer("ES256", "mallory-key");
  await using ownServer = startIssuerServer();
  ownServer.publish(own.jwks);
  await using upstream = await rawUpstream();
  await using gateway = await startGateway({ upstream: upstream.url });
  const { issuer } = gateway;
  for (const [name, attack] of Object.entries(ATTACKS)) {
    const token = await attack({ issuer, own, ownKeysUrl: ownServer.url });
    const answer = await gateway.call("/batches", { token });
    assertEquals([answer.status, answer.code], [401, "unauthorized"], name);
    assertMatch(answer.headers["www-authenticate"] ?? "", /^Bearer realm=/, name);
  }
  for (const [name, headers] of Object.entries(CARRIERS)) {
    const answer = await gateway.call("/batches", { token: null, headers: headers(gateway.token) });
    assertEquals(answer.status, 401, name);
  }
  const inQuery = await gateway.call(`/batches?access_token=${gateway.token}`, { token: null });
  assertEquals(inQuery.status, 401);
  const huge = await gateway.call("/batches", { token: "x".repeat(300_000) });
  assert([400, 401, 431].includes(huge.status), `300 KB: ${huge.status}`);
  assertEquals([upstream.seen.length, ownServer.fetches()], [0, 0]);
  const count = Object.keys(ATTACKS).length + Object.keys(CARRIERS).length + 2;
  return `${count} attacks: all refused (300 KB by the parser, ${huge.status}), nothing reached the ` +
    `upstream, the attacker's own key server was never asked`;
}

const ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA", "Ed25519"] as const;

async function goodOnes(): Promise<string> {
  const issuers = await Promise.all(ALGORITHMS.map((alg) => testIssuer(alg, `key-${alg}`)));
  await using upstream = await rawUpstream();
  await using gateway = await startGateway({
    upstream: upstream.url,
    env: { AUTH_JWKS: JSON.stringify({ keys: issuers.flatMap(({ jwks }) => jwks.keys) }) },
  });
  for (const issuer of issuers) {
    const token = await issuer.token({ header: { typ: "at+jwt" } });
    assertEquals((await gateway.call("/batches", { token })).status, 200, issuer.kid);
  }
  // A key is good for its own algorithm only.
  const [rsa] = issuers;
  assert(rsa);
  const confused = await new SignJWT(claims(rsa)).setProtectedHeader({ alg: "PS256", kid: rsa.kid })
    .sign(
      await crypto.subtle.importKey(
        "pkcs8",
        await crypto.subtle.exportKey("pkcs8", rsa.privateKey),
        { name: "RSA-PSS", hash: "SHA-256" },
        false,
        ["sign"],
      ),
    );
  assertEquals((await gateway.call("/batches", { token: confused })).status, 401);
  return `${ALGORITHMS.join(", ")} accepted; PS256 with the RS256 key refused`;
}

/** Longest token that is accepted, less the frame of one; the gateway takes no more than 8,192. */
const FILLING = 5_500;

/** Plans that cost the most memory for their length: short texts that no other token has. */
const costlyPlans = (n: number) => [
  PLAN,
  ...Array.from({ length: FILLING / 8 }, (_, i) => (n * 1_000 + i).toString(36).padStart(5, "0")),
];

/**
 * What the process may grow by, in MiB. 32 are remembered tokens; the rest is what the collector of
 * V8 and the allocator keep room for: as many tokens of one plan each make it grow by 180. Without
 * a bound in bytes it grows by 570.
 */
const MAX_GROWTH_MIB = 380;

async function largeTokens(): Promise<string> {
  await using upstream = await rawUpstream();
  await using gateway = await startGateway({ upstream: upstream.url });
  const pool = new Pool(`http://127.0.0.1:${gateway.port}`, { connections: 8, pipelining: 1 });
  const send = async (token: string) => {
    const headers = { authorization: `Bearer ${token}` };
    const { statusCode, body } = await pool.request({ path: BATCHES, method: "GET", headers });
    await body.dump();
    assertEquals(statusCode, 200);
  };
  const base = Math.round(await gateway.mebibytes());
  let length = 0;
  let slowest = 0;
  for (let n = 0; n < LARGE_TOKENS; n += 8) {
    await Promise.all(Array.from({ length: 8 }, async (_, i) => {
      const servicePlans = costlyPlans(n + i);
      const token = await gateway.issuer.token({ subject: `s-${n + i}`, servicePlans });
      length = Math.max(length, token.length);
      await send(token);
    }));
    if (n % 400 === 0) slowest = Math.max(slowest, (await gateway.call("/batches")).ms);
  }
  await pool.close();
  const grown = Math.round(await gateway.mebibytes()) - base;
  assert(length > 7_500 && length <= 8_192, `${length} characters`);
  assert(grown < MAX_GROWTH_MIB, `grown by ${grown} MiB`);
  assert(slowest < 500, `another caller waited ${slowest} ms`);
  const boundMiB = MAX_TOKEN_CACHE_BYTES / 1_048_576;
  return `${LARGE_TOKENS} tokens of up to ${length} characters: grown by ${grown} MiB from ${base} ` +
    `(${boundMiB} are for tokens); another caller was served within ${slowest} ms`;
}

export default [
  {
    name: "tokens: attack table",
    did: "forged, confused, foreign, malformed and misplaced tokens over the wire",
    promised: "401 each; nothing reaches the upstream; keys named by a token are not fetched",
    run: attackTable,
  },
  {
    name: "tokens: algorithms",
    did: "good tokens of each algorithm, and one of an algorithm that is not its key's",
    promised: "RS256, PS256, ES256 and EdDSA, by either of its names, are accepted",
    run: goodOnes,
  },
  {
    name: "tokens: large ones",
    did: "thousands of different good tokens, as long as they may be, with costly plan lists",
    promised: "remembered in 32 MiB; others are served meanwhile",
    run: largeTokens,
  },
] satisfies Drill[];
