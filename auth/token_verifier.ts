import {
  errors,
  type JWTPayload,
  jwtVerify,
  type JWTVerifyOptions,
  type JWTVerifyResult,
} from "jose";
import { GatewayError } from "../errors/gateway_error.ts";
import { MAX_RETRY_AFTER_S } from "../errors/retry_after.ts";
import type { Principal } from "../exchange.ts";
import { type KeySet, KeySetUnavailableError } from "./key_set.ts";
import { AuthRefusal, type AuthRefusalReason } from "./refusals.ts";
import { RememberedTokens } from "./remembered_tokens.ts";
import { withBothEd25519Names } from "./signing_keys.ts";

/** Options of {@linkcode TokenVerifier}. */
export interface TokenVerifierOptions {
  keySet: KeySet;
  /** The `iss` that tokens must have. */
  issuer: string;
  /** The `aud` that tokens must have. */
  audience: string;
  /** Accepted signature algorithms (JWA names); `EdDSA` and `Ed25519` are one. */
  algorithms: readonly string[];
  /** The claim that holds the array of service plans. */
  plansClaim: string;
  /** Leeway on `exp` and `nbf`, in seconds. */
  clockToleranceS: number;
  /** Clock, epoch ms; default: `Date.now`. */
  now?: () => number;
}

/** Longer tokens are refused unread: nothing that fits a common header limit is longer. */
const MAX_TOKEN_LENGTH = 8_192;

/** Types of a JWT that may be an access token (RFC 9068 §2.1, RFC 8725 §3.11); none is common. */
const ACCEPTED_TYPES: ReadonlySet<string> = new Set(["jwt", "at+jwt", "application/at+jwt"]);

/** Turns a bearer token into who calls, or throws why not. */
export class TokenVerifier {
  readonly #options: TokenVerifierOptions & { now: () => number };
  readonly #remembered = new RememberedTokens();
  #keysVersion = 0;

  constructor(options: TokenVerifierOptions) {
    this.#options = {
      now: Date.now,
      ...options,
      algorithms: withBothEd25519Names(options.algorithms),
    };
  }

  /**
   * @throws {AuthRefusal} when the token is not valid
   * @throws {GatewayError} `key_set_unavailable` when that cannot be judged
   */
  async verify(token: string): Promise<Principal> {
    return this.recall(token) ?? await this.#verifyAnew(token);
  }

  /** Who calls, where this token was verified with the present keys and is still valid. */
  recall(token: string): Principal | undefined {
    const { keySet, now } = this.#options;
    keySet.keepFresh();
    this.#forgetOldKeys();
    if (!keySet.isReady()) return undefined; // too old to be believed, for any token
    if (token.length > MAX_TOKEN_LENGTH) return undefined; // not worth a hash
    const known = this.#remembered.get(token);
    return known && now() < known.expiresAt ? known.principal : undefined;
  }

  async #verifyAnew(token: string): Promise<Principal> {
    if (token.length > MAX_TOKEN_LENGTH) throw new AuthRefusal("malformed");
    const { verified: { payload, protectedHeader }, version } = await this.#checkTwice(token)
      .catch((error) => {
        throw toRefusal(error);
      });
    if (!ACCEPTED_TYPES.has((protectedHeader.typ ?? "jwt").toLowerCase())) {
      throw new AuthRefusal("type");
    }
    const principal = this.#principalOf(payload);
    const expiresAt = ((payload.exp ?? 0) + this.#options.clockToleranceS) * 1_000;
    // What was verified while the keys changed may have been with one that is withdrawn.
    if (this.#options.keySet.version === version) {
      this.#forgetOldKeys();
      this.#remembered.set(token, { principal, expiresAt });
    }
    return principal;
  }

  /** What was verified with other keys than the present ones must be verified again. */
  #forgetOldKeys(): void {
    const { version } = this.#options.keySet;
    if (version === this.#keysVersion) return;
    this.#remembered.clear();
    this.#keysVersion = version;
  }

  /**
   * Checks a token, and once more where its signature does not match but the issuer has other keys
   * by now: one that was set up anew may use the same `kid` for another key. Where the issuer
   * cannot be asked the signature is wrong all the same, by keys that are still believed.
   */
  async #checkTwice(token: string): Promise<{ verified: JWTVerifyResult; version: number }> {
    const { keySet } = this.#options;
    const { version } = keySet;
    try {
      return { verified: await this.#check(token), version };
    } catch (error) {
      const isWrong = error instanceof errors.JWSSignatureVerificationFailed;
      if (!isWrong || !await keySet.changedSince(version)) throw error;
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

/** A token without `kid` may be signed with any of several keys: each that fits is tried. */
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

/** jose's error codes → why. */
const REASONS: Readonly<Record<string, AuthRefusalReason>> = {
  ERR_JWS_SIGNATURE_VERIFICATION_FAILED: "signature",
  ERR_JWKS_NO_MATCHING_KEY: "unknown_key",
  ERR_JOSE_ALG_NOT_ALLOWED: "algorithm",
  ERR_JOSE_NOT_SUPPORTED: "algorithm",
  ERR_JWS_INVALID: "malformed",
  ERR_JWT_INVALID: "malformed",
};

/** Claims that fail for a reason of their own. */
const CLAIM_REASONS: Readonly<Record<string, AuthRefusalReason>> = {
  nbf: "not_yet_valid",
  iss: "issuer",
  aud: "audience",
};

function toRefusal(error: unknown): unknown {
  if (error instanceof KeySetUnavailableError) {
    return new GatewayError("key_set_unavailable", {
      cause: error,
      headers: { "retry-after": String(MAX_RETRY_AFTER_S) },
    });
  }
  if (error instanceof errors.JWTExpired) {
    return new AuthRefusal("expired", { cause: error, unverifiedSubject: error.payload.sub });
  }
  if (error instanceof errors.JWTClaimValidationFailed) {
    return new AuthRefusal(CLAIM_REASONS[error.claim] ?? "claims", { cause: error });
  }
  const reason = error instanceof errors.JOSEError ? REASONS[error.code] : undefined;
  return reason ? new AuthRefusal(reason, { cause: error }) : error;
}
