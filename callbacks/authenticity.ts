import { createHash, timingSafeEqual } from "node:crypto";
import type { CallbackAuthentication } from "../callback_settings.ts";
import { isSignedWith, SIGNATURE_ALGORITHM, SIGNATURE_HEADERS } from "./signature.ts";

/** Why a callback is refused; never told to its sender. */
export type CallbackRefusal =
  /** `CALLBACKS` does not have the service plan. */
  | "unknown_plan"
  /** The last segment of the path is missing or wrong. */
  | "wrong_path_secret"
  /** User name or password is missing or wrong. */
  | "wrong_password"
  /** Not signed, or not in the documented way. */
  | "unsigned"
  /** The time of the signature is too far in the past or in the future. */
  | "too_old"
  | "too_new"
  /** Signed with another secret, or changed after that. */
  | "wrong_signature"
  /** The nonce belongs to a callback that was relayed. */
  | "replayed";

/** The head of a callback, and how old its signature may be. */
export interface CallbackHead {
  readonly headers: Headers;
  /** The segment of the path after the service plan. */
  readonly pathSecret: string | undefined;
  /** The time, in ms since the epoch. */
  readonly nowMs: number;
  readonly maxAgeS: number;
}

/** The signature of a callback, not verified. */
export interface GivenSignature {
  readonly signature: string;
  readonly nonce: string;
  readonly timestamp: string;
}

/** Whole seconds since the epoch. */
const TIMESTAMP = /^\d{1,12}$/;

/** A nonce of the API is a ULID; others are accepted. */
const NONCE = /^[\x21-\x7e]{1,128}$/;

/** Checks all that can be checked before the body is read; undefined: nothing is wrong so far. */
export function refusalOfHead(
  expected: CallbackAuthentication | undefined,
  head: CallbackHead,
): CallbackRefusal | undefined {
  if (!expected) return "unknown_plan";
  if (!isPathSecret(expected, head.pathSecret)) return "wrong_path_secret";
  if (expected.basic && !hasPassword(expected.basic, head.headers)) return "wrong_password";
  if (!expected.hmac) return undefined;
  const given = signatureOf(head.headers);
  if (!given) return "unsigned";
  const ageS = head.nowMs / 1_000 - Number(given.timestamp);
  if (ageS > head.maxAgeS) return "too_old";
  return ageS < -head.maxAgeS ? "too_new" : undefined;
}

/** Checks the signature, where one is expected, over the bytes as they were received. */
export function refusalOfBody(
  { hmac }: CallbackAuthentication,
  headers: Headers,
  body: Uint8Array,
): CallbackRefusal | undefined {
  if (!hmac) return undefined;
  const given = signatureOf(headers);
  return given && isSignedWith(hmac, body, given) ? undefined : "wrong_signature";
}

/** The headers of a signature; undefined if one is missing or has another form. */
export function signatureOf(headers: Headers): GivenSignature | undefined {
  const signature = headers.get(SIGNATURE_HEADERS.signature) ?? "";
  const nonce = headers.get(SIGNATURE_HEADERS.nonce) ?? "";
  const timestamp = headers.get(SIGNATURE_HEADERS.timestamp) ?? "";
  const algorithm = headers.get(SIGNATURE_HEADERS.algorithm) ?? SIGNATURE_ALGORITHM;
  if (algorithm.toLowerCase() !== SIGNATURE_ALGORITHM.toLowerCase()) return undefined;
  if (!signature || !NONCE.test(nonce) || !TIMESTAMP.test(timestamp)) return undefined;
  return { signature, nonce, timestamp };
}

/** A plan without a path secret accepts no further segment. */
function isPathSecret(
  { path_secret }: CallbackAuthentication,
  given: string | undefined,
): boolean {
  if (!path_secret) return given === undefined;
  return isOneOf(path_secret, given ?? "");
}

function hasPassword(
  { username, password }: NonNullable<CallbackAuthentication["basic"]>,
  headers: Headers,
): boolean {
  const [, credentials = ""] = /^Basic +([A-Za-z0-9+/]+=*)$/i
    .exec(headers.get("authorization") ?? "") ?? [];
  const bytes = (one: string) => new TextEncoder().encode(`${username}:${one}`);
  return isOneOf(password.map((one) => btoa(String.fromCharCode(...bytes(one)))), credentials);
}

/** Compares hashes, in constant time whatever the lengths, with every value. */
function isOneOf(values: readonly string[], given: string): boolean {
  const hash = (text: string) => createHash("sha256").update(text).digest();
  const givenHash = hash(given);
  return values.map((value) => timingSafeEqual(hash(value), givenHash)).includes(true);
}
