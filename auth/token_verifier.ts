import {
  errors,
  type JWTPayload,
  jwtVerify,
  type JWTVerifyOptions,
  type JWTVerifyResult,
} from "jose";
import { AuthRefusal } from "../errors/auth_refusal.ts";
import type { Principal } from "../exchange.ts";
import type { KeySet } from "./key_set.ts";
import { withBothEd25519Names } from "./signing_keys.ts";
import { toRefusal } from "./verification_errors.ts";
import { VerifiedTokenCache } from "./verified_token_cache.ts";

/** Options of {@linkcode TokenVerifier}. */
export interface TokenVerifierOptions {
  keySet: KeySet;
  /** The `iss` that tokens must have. */
  issuer: string;
  /** The `aud` that tokens must have. */
  audience: string;
  /** Accepted signature algorithms (JWA names); `EdDSA` and `Ed25519` are the same. */
  algorithms: readonly string[];
  /** The claim that holds the array of service plans. */
  plansClaim: string;
  /** Leeway on `exp` and `nbf`, in seconds. */
  clockToleranceS: number;
  /** Clock, epoch ms; default: `Date.now`. */
  now?: () => number;
}

/** Maximum length of a token, in characters: common limits for headers admit no longer one. */
const MAX_TOKEN_LENGTH = 8_192;

/** Accepted `typ` of an access token (RFC 9068 §2.1, RFC 8725 §3.11); many issuers set none. */
const ACCEPTED_TYPES: ReadonlySet<string> = new Set(["jwt", "at+jwt", "application/at+jwt"]);

/** Verifies bearer tokens and returns their principals. */
export class TokenVerifier {
  readonly #options: TokenVerifierOptions & { now: () => number };
  readonly #cache = new VerifiedTokenCache();
  #keysVersion = 0;

  constructor(options: TokenVerifierOptions) {
    this.#options = {
      now: Date.now,
      ...options,
      algorithms: withBothEd25519Names(options.algorithms),
    };
  }

  /**
   * Returns the principal of a token.
   *
   * @throws {AuthRefusal} when the token is not valid
   * @throws {GatewayError} `key_set_unavailable` when it cannot be verified
   */
  async verify(token: string): Promise<Principal> {
    return this.recall(token) ?? await this.#verifyAnew(token);
  }

  /** Returns the principal if this token was verified with the current keys and has not expired. */
  recall(token: string): Principal | undefined {
    const { keySet, now } = this.#options;
    keySet.keepFresh();
    this.#clearIfKeysChanged();
    if (!keySet.isReady()) return undefined; // the keys are too old
    if (token.length > MAX_TOKEN_LENGTH) return undefined; // not hashed
    const known = this.#cache.get(token);
    return known && now() < known.expiresAt ? known.principal : undefined;
  }

  async #verifyAnew(token: string): Promise<Principal> {
    if (token.length > MAX_TOKEN_LENGTH) throw new AuthRefusal("malformed");
    const { verified: { payload, protectedHeader }, version } = await this.#checkWithCurrentKeys(
      token,
    )
      .catch((error) => {
        throw toRefusal(error);
      });
    if (!ACCEPTED_TYPES.has((protectedHeader.typ ?? "jwt").toLowerCase())) {
      throw new AuthRefusal("type");
    }
    const principal = this.#principalOf(payload);
    const expiresAt = ((payload.exp ?? 0) + this.#options.clockToleranceS) * 1_000;
    // If the keys changed during the verification, the key used may have been withdrawn.
    if (this.#options.keySet.version === version) {
      this.#clearIfKeysChanged();
      this.#cache.set(token, { principal, expiresAt });
    }
    return principal;
  }

  /** Clears the cache when the keys have changed. */
  #clearIfKeysChanged(): void {
    const { version } = this.#options.keySet;
    if (version === this.#keysVersion) return;
    this.#cache.clear();
    this.#keysVersion = version;
  }

  /**
   * Checks a token, and checks it again if its signature does not match and the issuer has
   * published other keys meanwhile: a reinstalled issuer may use the same `kid` for another key. If
   * the issuer is down, the result with the keys at hand stands.
   */
  async #checkWithCurrentKeys(
    token: string,
  ): Promise<{ verified: JWTVerifyResult; version: number }> {
    const { keySet } = this.#options;
    const { version } = keySet;
    try {
      return { verified: await this.#check(token), version };
    } catch (error) {
      const isSignatureWrong = error instanceof errors.JWSSignatureVerificationFailed;
      if (!isSignatureWrong || !await keySet.changedSince(version)) throw error;
    }
    const changed = keySet.version;
    return { verified: await this.#check(token), version: changed };
  }

  async #check(token: string): Promise<JWTVerifyResult> {
    const { keySet, issuer, audience, algorithms, clockToleranceS, now } = this.#options;
    const options: JWTVerifyOptions = {
      issuer,
      audience,
      algorithms: [...algorithms],
      clockTolerance: clockToleranceS,
      requiredClaims: ["exp"],
      currentDate: new Date(now()),
    };
    try {
      return await jwtVerify(token, keySet.getKey, options);
    } catch (error) {
      if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
      return await verifyWithAny(error, token, options);
    }
  }

  #principalOf(payload: JWTPayload): Principal {
    const plans = payload[this.#options.plansClaim];
    const isText = (value: unknown): value is string => typeof value === "string";
    return {
      issuer: this.#options.issuer,
      subject: isText(payload.sub) ? payload.sub : undefined,
      servicePlans: Array.isArray(plans) ? plans.filter(isText) : [],
    };
  }
}

/** Tries each suitable key, for a token without `kid`. */
async function verifyWithAny(
  candidates: errors.JWKSMultipleMatchingKeys,
  token: string,
  options: JWTVerifyOptions,
): Promise<JWTVerifyResult> {
  for await (const key of candidates) {
    try {
      return await jwtVerify(token, key, options);
    } catch (error) {
      if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw error;
    }
  }
  throw new errors.JWSSignatureVerificationFailed();
}
