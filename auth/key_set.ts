import { createLocalJWKSet, type JSONWebKeySet } from "jose";
import { withoutEd25519Names } from "./signing_keys.ts";

/** Finds the key that a token's header asks for, as `jwtVerify` of jose takes it. */
export type GetKey = (
  ...args: Parameters<ReturnType<typeof createLocalJWKSet>>
) => Promise<CryptoKey>;

/** Where verification keys come from. */
export interface KeySet {
  /** Grows whenever the keys change: what was verified with others must be verified again. */
  readonly version: number;
  /**
   * The key a token's header asks for.
   *
   * @throws {KeySetUnavailableError} while there are no keys to judge by
   * @throws {errors.JWKSNoMatchingKey} when the issuer has no such key
   */
  readonly getKey: GetKey;
  /** Whether tokens can be judged right now. */
  isReady(): boolean;
  /** Starts a fetch in the background when one is due; called for every request. */
  keepFresh(): void;
  /**
   * Whether the keys are others than those of `version`. Where they are the same, asks the issuer
   * first, unless that was done within the cooldown; waits for the answer at most a second.
   */
  changedSince(version: number): Promise<boolean>;
  /** Time since the issuer last confirmed the keys, in ms; undefined: it never did. */
  ageMs(): number | undefined;
}

/** No token can be judged: neither valid nor invalid is known. */
export class KeySetUnavailableError extends Error {
  override readonly name = "KeySetUnavailableError";
}

/** A key set given in the configuration. */
export function staticKeySet(jwks: JSONWebKeySet): KeySet {
  return {
    version: 0,
    getKey: createLocalJWKSet(withoutEd25519Names(jwks)),
    isReady: () => true,
    keepFresh() {},
    changedSince: () => Promise.resolve(false),
    ageMs: () => undefined,
  };
}
