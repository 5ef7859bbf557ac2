import { errors, flattenedVerify, importJWK, type JSONWebKeySet, type JWK } from "jose";

/** A key that cannot be used to verify signatures. */
export interface KeyFault {
  /** Its index in the set. */
  readonly index: number;
  /** Its `kid` as a JSON string; empty if it has none. */
  readonly kid: string;
  /** What is wrong, as the predicate of a sentence whose subject is the key. */
  readonly problem: string;
}

/** The usable keys of a set, and what is wrong with the others. */
export interface SigningKeys {
  readonly jwks: JSONWebKeySet;
  /** Keys for encryption are not reported, since a set may contain them. */
  readonly faults: readonly KeyFault[];
}

/** The two names of a signature by an Ed25519 key (RFC 8037 §3.1, RFC 9864 §2.2). */
const ED25519_NAMES: readonly string[] = ["EdDSA", "Ed25519"];

/** Algorithm to test a key without `alg` with, by type and curve. */
const DEFAULT_ALGORITHMS: Readonly<Record<string, string>> = {
  "RSA": "RS256",
  "EC P-256": "ES256",
  "EC P-384": "ES384",
  "EC P-521": "ES512",
  "OKP Ed25519": "Ed25519",
};

/** Algorithms for encryption (RFC 7518 §4.1). */
const ENCRYPTION = /^(RSA-OAEP|RSA1_5|ECDH-ES)/;

/** Curves of key agreement (RFC 8037 §3.2). */
const AGREEMENT_CURVES: readonly unknown[] = ["X25519", "X448"];

/** Maximum length of a quoted `kid`, in characters. */
const MAX_KID_LENGTH = 128;

/** Adds the other name of Ed25519 to a list that contains one of them. */
export function withBothEd25519Names(algorithms: readonly string[]): string[] {
  const has = algorithms.some((name) => ED25519_NAMES.includes(name));
  return [...new Set([...algorithms, ...(has ? ED25519_NAMES : [])])];
}

/**
 * Removes `alg` from Ed25519 keys: jose compares it with the token's by name, and both names mean
 * the same algorithm.
 */
export function withoutEd25519Names({ keys }: JSONWebKeySet): JSONWebKeySet {
  return {
    keys: keys.map((key) => {
      if (key.crv !== "Ed25519" || !ED25519_NAMES.includes(key.alg ?? "")) return key;
      const { alg: _, ...rest } = key;
      return rest;
    }),
  };
}

/**
 * Tests each key of a set. An unusable key is ignored and the others are used (RFC 7517 §5). jose
 * imports a key only when a token needs it, so that an unusable one would fail a caller's request.
 */
export async function signingKeys(keys: readonly unknown[]): Promise<SigningKeys> {
  const usable: JWK[] = [];
  const faults: KeyFault[] = [];
  for (const [index, key] of keys.entries()) {
    const problem = isKey(key) ? await problemOf(key) : "is not a JSON object with a kty";
    if (problem === undefined) usable.push(key as JWK); // `isKey` holds, else there is a problem
    else if (problem !== NOT_FOR_SIGNATURES) faults.push({ index, kid: kidOf(key), problem });
  }
  return { jwks: withoutEd25519Names({ keys: usable }), faults };
}

/** A fault as a sentence without a full stop, such as `key 2 (kid "es-1") is symmetric`. */
export function faultText({ index, kid, problem }: KeyFault): string {
  return `key ${index + 1}${kid && ` (kid ${kid})`} ${problem}`;
}

const NOT_FOR_SIGNATURES = "is not for signatures";

type TypedKey = JWK & { kty: string };

async function problemOf(key: TypedKey): Promise<string | undefined> {
  if (key.kty === "oct") return "is symmetric, and an issuer must not publish it";
  if (!["RSA", "EC", "OKP"].includes(key.kty)) return "has a type (kty) that is not supported";
  if (!isForSignatures(key)) return NOT_FOR_SIGNATURES;
  if ("d" in key) return "is a private key, and an issuer must not publish it";
  const byType = DEFAULT_ALGORITHMS[key.kty === "RSA" ? "RSA" : `${key.kty} ${key.crv}`];
  if (!byType) return "has a curve (crv) that is not supported";
  return await importProblem(key, key.alg ?? byType);
}

function isForSignatures({ use, key_ops, alg = "", crv }: JWK): boolean {
  return (use === undefined || use === "sig") &&
    (!Array.isArray(key_ops) || key_ops.includes("verify")) &&
    !ENCRYPTION.test(alg) && !AGREEMENT_CURVES.includes(crv);
}

/** Deno imports some invalid keys; they fail only when used, so a verification is tried as well. */
async function importProblem(key: JWK, algorithm: string): Promise<string | undefined> {
  try {
    const imported = await importJWK(key, algorithm);
    if (imported instanceof Uint8Array) return "is symmetric, and an issuer must not publish it";
    await tryToVerify(imported, algorithm);
    return undefined;
  } catch (error) {
    if (error instanceof errors.JOSENotSupported) return "has an alg that does not fit its type";
    return `cannot be imported: ${error instanceof Error ? error.message : "unknown failure"}`;
  }
}

/** Verifies a signature of zeros. Throws if that fails for another reason than the signature. */
async function tryToVerify(key: CryptoKey, algorithm: string): Promise<void> {
  const jws = {
    protected: base64url(JSON.stringify({ alg: algorithm })),
    payload: "",
    signature: base64url("\0".repeat(signatureLength(key))),
  };
  try {
    await flattenedVerify(jws, key);
  } catch (error) {
    if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw error;
    if (error.cause !== undefined) throw error.cause;
  }
}

/** In bytes; a runtime may reject a signature of another length before it uses the key. */
function signatureLength({ algorithm }: CryptoKey): number {
  if ("modulusLength" in algorithm) return Math.ceil(Number(algorithm.modulusLength) / 8);
  const curve = "namedCurve" in algorithm ? algorithm.namedCurve : undefined;
  return curve === "P-521" ? 132 : curve === "P-384" ? 96 : 64;
}

function base64url(text: string): string {
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function isKey(key: unknown): key is TypedKey {
  return typeof key === "object" && key !== null && "kty" in key && typeof key.kty === "string";
}

function kidOf(key: unknown): string {
  if (typeof key !== "object" || key === null || !("kid" in key)) return "";
  return typeof key.kid === "string" ? JSON.stringify(key.kid.slice(0, MAX_KID_LENGTH)) : "";
}
