import { assert, assertEquals, assertMatch } from "@std/assert";
import { exportJWK, generateKeyPair, type JWK } from "jose";
import { faultText, signingKeys } from "../../auth/signing_keys.ts";

async function publicJwk(alg: string): Promise<JWK> {
  const { publicKey } = await generateKeyPair(alg, { extractable: true });
  return await exportJWK(publicKey);
}

async function shortRsa(): Promise<JWK> {
  const { publicKey } = await crypto.subtle.generateKey(
    {
      name: "RSASSA-PKCS1-v1_5",
      modulusLength: 1024,
      publicExponent: new Uint8Array([1, 0, 1]),
      hash: "SHA-256",
    },
    true,
    ["sign", "verify"],
  );
  const { alg: _, key_ops: __, ...jwk } = await crypto.subtle.exportKey("jwk", publicKey);
  return jwk as JWK; // lib.dom declares the same members
}

const RSA = await publicJwk("RS256");
const EC = await publicJwk("ES256");
const ED = await publicJwk("Ed25519");

/** Keys that verify signatures. */
const USABLE: Readonly<Record<string, JWK>> = {
  "an RSA key without alg": RSA,
  "an RSA key for RS256": { ...RSA, alg: "RS256" },
  "an RSA key for PS512": { ...RSA, alg: "PS512", use: "sig", key_ops: ["verify"] },
  "a P-256 key": EC,
  "a P-384 key": await publicJwk("ES384"),
  "an Ed25519 key for EdDSA": { ...ED, alg: "EdDSA" },
  "an Ed25519 key for Ed25519": { ...ED, alg: "Ed25519" },
  "an Ed25519 key without alg": ED,
};

for (const [name, key] of Object.entries(USABLE)) {
  Deno.test(`${name} verifies signatures`, async () => {
    const { jwks, faults } = await signingKeys([key]);
    assertEquals(faults, []);
    assertEquals(jwks.keys.map(({ kty }) => kty), [key.kty]);
  });
}

/** Keys for other purposes, which a key set may contain. */
const OTHERS: Readonly<Record<string, JWK>> = {
  "a key for encryption by its use": { ...RSA, use: "enc" },
  "a key for encryption by its alg": { ...RSA, alg: "RSA-OAEP-256" },
  "a key for encryption by its operations": { ...RSA, key_ops: ["wrapKey"] },
  "a key for key agreement": { ...ED, crv: "X25519" },
};

for (const [name, key] of Object.entries(OTHERS)) {
  Deno.test(`${name} is ignored and not reported`, async () => {
    assertEquals(await signingKeys([key]), { jwks: { keys: [] }, faults: [] });
  });
}

/** Keys that cannot verify signatures → the reported fault. */
const FAULTY: Readonly<Record<string, [key: unknown, problem: RegExp]>> = {
  "a point that is not on its curve": [{ ...EC, y: EC.x }, /cannot be imported: ./],
  "a coordinate that is too short": [{ ...EC, y: "AA" }, /cannot be imported: ./],
  "a coordinate that is not base64url": [{ ...EC, y: "***" }, /cannot be imported: ./],
  "an RSA modulus of 24 bits": [{ ...RSA, n: "AQAB" }, /2048 bits or larger/],
  "an RSA key of 1,024 bits": [await shortRsa(), /2048 bits or larger/],
  "an Ed25519 key that is too short": [{ ...ED, x: "AA" }, /cannot be imported: ./],
  "the curve secp256k1": [{ ...EC, crv: "secp256k1" }, /curve .* not supported/],
  "the curve Ed448": [{ ...ED, crv: "Ed448" }, /curve .* not supported/],
  "the type AKP": [{ kty: "AKP", alg: "ML-DSA-44", pub: "AA" }, /type .* not supported/],
  "the alg of another type": [{ ...EC, alg: "RS256" }, /alg that does not fit/],
  "the alg of another curve": [{ ...EC, alg: "ES384" }, /cannot be imported: ./],
  "an unknown alg": [{ ...EC, alg: "ES256K" }, /alg that does not fit/],
  "a symmetric key": [{ kty: "oct", k: "c2VjcmV0" }, /symmetric/],
  "a private key": [{ ...EC, d: "AA" }, /private key/],
  "null": [null, /not a JSON object/],
  "a number": [1, /not a JSON object/],
  "no kty": [{ n: "AQAB", e: "AQAB" }, /not a JSON object with a kty/],
};

for (const [name, [key, problem]] of Object.entries(FAULTY)) {
  Deno.test(`${name} is reported, and the other keys of the set are used`, async () => {
    const { jwks, faults } = await signingKeys([RSA, key, EC]);
    assertEquals(jwks.keys, [RSA, EC]);
    assertEquals(faults.map(({ index }) => index), [1]);
    assertMatch(faults[0]?.problem ?? "", problem);
  });
}

Deno.test("a fault names the key by its position and its quoted kid", () => {
  const problem = "is symmetric";
  assertEquals(faultText({ index: 0, kid: "", problem }), "key 1 is symmetric");
  assertEquals(faultText({ index: 1, kid: '"a"', problem }), 'key 2 (kid "a") is symmetric');
});

Deno.test("a kid is escaped and truncated in the message", async () => {
  const kid = `a\n"${"x".repeat(10_000)}`;
  const { faults } = await signingKeys([{ kty: "oct", k: "AA", kid }]);
  const [fault] = faults;
  assert(fault);
  assertMatch(faultText(fault), /^key 1 \(kid "a\\n\\"x{125}"\) is symmetric/);
});
