import {
  errors,
  type JWTPayload,
  jwtVerify,
  type JWTVerifyGetKey,
  type JWTVerifyOptions,
  type JWTVerifyResult,
} from "jose";
import { AuthRefusal } from "../errors/auth_refusal.ts";
import { tooManyRequests } from "../errors/too_many_requests.ts";
import type { Principal } from "../exchange.ts";
import type { IssuerSettings } from "../issuer_settings.ts";
import type { FairTurns } from "../limits/fair_turns.ts";
import { hasOneOf, servicePlansOf } from "./claims.ts";
import type { KeySet } from "./key_set.ts";
import { withBothEd25519Names } from "./signing_keys.ts";
import { toRefusal } from "./verification_errors.ts";

/** Options of {@linkcode TokenVerifier}. */
export interface TokenVerifierOptions {
  keySet: KeySet;
  /** Which tokens are accepted. */
  settings: IssuerSettings;
  /** Leeway on `exp` and `nbf`, in seconds. */
  clockToleranceS: number;
  /** Clock, epoch ms. */
  now: () => number;
  /** Bounds how many signatures are checked at the same time, for all issuers together. */
  turns: FairTurns;
}

/** A token that was verified. */
export interface VerifiedToken {
  readonly principal: Principal;
  /** When the token expires, leeway included, epoch ms. */
  readonly expiresAt: number;
  /** By which it was verified. */
  readonly verifier: TokenVerifier;
  /** Version of the keys that it was verified with. */
  readonly keysVersion: number;
}

/** Accepted `typ` of an access token (RFC 9068 §2.1, RFC 8725 §3.11); many issuers set none. */
const ACCEPTED_TYPES: ReadonlySet<string> = new Set(["jwt", "at+jwt", "application/at+jwt"]);

/** Verifies the bearer tokens of one issuer. */
export class TokenVerifier {
  readonly settings: IssuerSettings;
  readonly keySet: KeySet;
  /** Set when the settings no longer have this issuer, or have it with other rules. */
  isRetired = false;
  readonly #clockToleranceS: number;
  readonly #now: () => number;
  readonly #turns: FairTurns;
  readonly #algorithms: string[];

  constructor({ keySet, settings, clockToleranceS, now, turns }: TokenVerifierOptions) {
    this.keySet = keySet;
    this.settings = settings;
    this.#clockToleranceS = clockToleranceS;
    this.#now = now;
    this.#turns = turns;
    this.#algorithms = withBothEd25519Names(settings.algorithms);
  }

  /**
   * Verifies a token.
   *
   * @param caller whose tokens wait for each other: the `sub` that the token claims
   * @throws {AuthRefusal} when the token is not valid
   * @throws {GatewayError} `key_set_unavailable` when it cannot be verified, `too_many_requests` when
   * too many tokens of its caller wait
   */
  async verify(token: string, caller: string): Promise<VerifiedToken> {
    const { verified: { payload, protectedHeader }, version } = await this.#checkWithCurrentKeys(
      token,
      `${this.settings.issuer} ${caller}`,
    )
      .catch((error) => {
        throw toRefusal(error);
      });
    if (!isAccessToken(protectedHeader.typ)) throw new AuthRefusal("type");
    if (!isSubject(payload.sub)) throw new AuthRefusal("claims");
    if (!this.#hasAudience(payload)) throw new AuthRefusal("audience");
    return {
      principal: this.#principalOf(payload),
      expiresAt: ((payload.exp ?? 0) + this.#clockToleranceS) * 1_000,
      verifier: this,
      keysVersion: version,
    };
  }

  /**
   * Whether a token that was verified may still be used: it has not expired, and neither the keys
   * nor the rules have changed since. Also starts a download of the keys that is due.
   */
  accepts({ expiresAt, keysVersion }: VerifiedToken): boolean {
    const { keySet } = this;
    keySet.keepFresh();
    return keysVersion === keySet.version && !this.isRetired && this.#now() < expiresAt &&
      keySet.isReady(); // else the keys are too old
  }

  /**
   * Checks a token, and checks it again if its signature does not match and the issuer has
   * published other keys meanwhile: a reinstalled issuer may use the same `kid` for another key. If
   * the issuer is down, the result with the keys at hand stands.
   */
  async #checkWithCurrentKeys(
    token: string,
    line: string,
  ): Promise<{ verified: JWTVerifyResult; version: number }> {
    const { keySet } = this;
    const { version } = keySet;
    try {
      return { verified: await this.#check(token, line), version };
    } catch (error) {
      const isSignatureWrong = error instanceof errors.JWSSignatureVerificationFailed;
      if (!isSignatureWrong || !await keySet.changedSince(version)) throw error;
    }
    const changed = keySet.version;
    return { verified: await this.#check(token, line), version: changed };
  }

  async #check(token: string, line: string): Promise<JWTVerifyResult> {
    const { issuer, audiences, audienceClaim } = this.settings;
    const options: JWTVerifyOptions = {
      issuer,
      ...audienceClaim === "aud" && { audience: [...audiences] },
      algorithms: this.#algorithms,
      clockTolerance: this.#clockToleranceS,
      requiredClaims: ["exp"],
      currentDate: new Date(this.#now()),
    };
    let hasTurn = false;
    const takeTurn = async () => {
      await this.#takeTurn(line);
      hasTurn = true;
    };
    const inTurn: JWTVerifyGetKey = async (header, jws) => {
      const key = await this.keySet.getKey(header, jws); // first: it may have to be downloaded
      await takeTurn();
      return key;
    };
    try {
      return await jwtVerify(token, inTurn, options);
    } catch (error) {
      if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
      await takeTurn();
      return await verifyWithAny(error, token, options);
    } finally {
      if (hasTurn) this.#turns.end();
    }
  }

  /** @throws {GatewayError} `too_many_requests` */
  async #takeTurn(line: string): Promise<void> {
    const turn = this.#turns.take(line);
    if (turn === false) throw tooManyRequests("caller", this.#turns.maxWaiting);
    if (turn) await turn;
  }

  /** Of a claim other than `aud`, which jose checks. */
  #hasAudience(payload: JWTPayload): boolean {
    const { audiences, audienceClaim } = this.settings;
    return audienceClaim === "aud" || hasOneOf(payload, audienceClaim, audiences);
  }

  #principalOf(payload: JWTPayload): Principal {
    return {
      issuer: this.settings.issuer,
      subject: payload.sub,
      servicePlans: servicePlansOf(payload, this.settings),
    };
  }
}

/** @param type the `typ` of a token, of whatever JSON type */
function isAccessToken(type: unknown): boolean {
  return type === undefined ||
    (typeof type === "string" && ACCEPTED_TYPES.has(type.toLowerCase()));
}

/** A subject of another type (RFC 7519 §4.1.2) would count as none, which callers share. */
function isSubject(sub: unknown): boolean {
  return sub === undefined || typeof sub === "string";
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
