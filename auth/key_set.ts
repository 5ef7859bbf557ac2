import { createLocalJWKSet, type JSONWebKeySet } from "jose";
import { withoutEd25519Names } from "./signing_keys.ts";

/** Finds the key for a token's header, with the signature that `jwtVerify` of jose expects. */
export type GetKey = (
  ...args: Parameters<ReturnType<typeof createLocalJWKSet>>
) => Promise<CryptoKey>;

/** The issuer's verification keys. */
export interface KeySet {
  /** Incremented when the keys change: tokens verified with other keys must be verified again. */
  readonly version: number;
  /**
   * Finds the key for a token's header.
   *
   * @throws {KeySetUnavailableError} when there are no keys that are recent enough
   * @throws {errors.JWKSNoMatchingKey} when the issuer publishes no such key
   */
  readonly getKey: GetKey;
  /** Whether tokens can be verified now. */
  isReady(): boolean;
  /** Starts a download in the background when one is due; called for every request. */
  keepFresh(): void;
  /**
   * Whether the keys have changed since `version`. If not, downloads them first, unless that was
   * done within the cooldown, and waits for at most a second.
   */
  changedSince(version: number): Promise<boolean>;
  /** Time since the last successful download, in ms; undefined if there was none. */
  ageMs(): number | undefined;
}

/** No token can be verified, so it is unknown whether it is valid. */
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
