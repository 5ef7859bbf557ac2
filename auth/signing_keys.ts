import { errors, flattenedVerify, importJWK, type JSONWebKeySet, type JWK } from "jose";

/** A key of a set that cannot verify signatures. */
export interface KeyFault {
  /** Its place in the set, from 0. */
  readonly index: number;
  /** Its `kid`, quoted; empty where it has none. */
  readonly kid: string;
  /** What is wrong, as the rest of a sentence that begins with the key. */
  readonly problem: string;
}

/** The keys of a set that verify signatures, and what is wrong with the others. */
export interface SigningKeys {
  readonly jwks: JSONWebKeySet;
  /** Keys for encryption are not among them: a set may hold those as well. */
  readonly faults: readonly KeyFault[];
}

/** The two names of a signature by an Ed25519 key (RFC 8037 §3.1, RFC 9864 §2.2). */
const ED25519_NAMES: readonly string[] = ["EdDSA", "Ed25519"];

/** The algorithm that a key without `alg` is tried with, by type and curve. */
const DEFAULT_ALGORITHMS: Readonly<Record<string, string>> = {
  "RSA": "RS256",
  "EC P-256": "ES256",
  "EC P-384": "ES384",
  "EC P-521": "ES512",
  "OKP Ed25519": "Ed25519",
};

/** Algorithms of encryption (RFC 7518 §4.1): their keys are no concern of a verifier. */
const ENCRYPTION = /^(RSA-OAEP|RSA1_5|ECDH-ES)/;

/** Curves of key agreement (RFC 8037 §3.2). */
const AGREEMENT_CURVES: readonly unknown[] = ["X25519", "X448"];

/** `kid` is the issuer's own text; no more of it is quoted, in characters. */
const MAX_KID_LENGTH = 128;

/** Accepted algorithms, with both names of Ed25519 where one of them is there. */
export function withBothEd25519Names(algorithms: readonly string[]): string[] {
  const has = algorithms.some((name) => ED25519_NAMES.includes(name));
  return [...new Set([...algorithms, ...(has ? ED25519_NAMES : [])])];
}

/**
 * The same keys, but `alg` is left out of Ed25519 keys: jose compares it with the token's by name,
 * and the two names mean the same.
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
 * Tries each key of a set. RFC 7517 §5: a key that cannot be used is ignored, the others are not.
 * jose tries a key only when a token asks for it, and then the caller gets the failure.
 */
export async function signingKeys(keys: readonly unknown[]): Promise<SigningKeys> {
  const usable: JWK[] = [];
  const faults: KeyFault[] = [];
  for (const [index, key] of keys.entries()) {
    const problem = isKey(key) ? await problemOf(key) : "is no JSON object with a kty";
    if (problem === undefined) usable.push(key as JWK); // the problem of any other value is known
    else if (problem !== NOT_FOR_SIGNATURES) faults.push({ index, kid: kidOf(key), problem });
  }
  return { jwks: withoutEd25519Names({ keys: usable }), faults };
}

/** A fault as a sentence without a full stop, such as `key 2 ("es-1") is symmetric`. */
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

/** Deno imports some keys without looking at them: only a verification shows what they are. */
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

/** Verifies a signature of zeros: false, unless the key itself is what fails. */
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

/** In bytes; a runtime may refuse another length before it looks at the key. */
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
