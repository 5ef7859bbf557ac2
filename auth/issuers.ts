import { decodeJwt, errors } from "jose";
import { AuthRefusal } from "../errors/auth_refusal.ts";
import type { Principal } from "../exchange.ts";
import type { IssuerSettings, KeySource } from "../issuer_settings.ts";
import { FairTurns } from "../limits/fair_turns.ts";
import { issuerLabels } from "./issuer_labels.ts";
import type { KeySet } from "./key_set.ts";
import { TokenVerifier } from "./token_verifier.ts";
import { toRefusal } from "./verification_errors.ts";
import { VerifiedTokenCache } from "./verified_token_cache.ts";

/** Options of {@linkcode Issuers}. */
export interface IssuersOptions {
  /** Leeway on `exp` and `nbf`, in seconds. */
  clockToleranceS: number;
  /** Clock, epoch ms; default: `Date.now`. */
  now?: () => number;
  /**
   * Creates the key set of an issuer; `label` returns its name in logs and metrics, which may change
   * when issuers are added or removed.
   */
  createKeySet: (settings: IssuerSettings, label: () => string) => KeySet;
  /** Maximum number of tokens of one caller that wait for being verified; default: any number. */
  maxWaitingPerCaller?: number;
}

/** An issuer's key set, and its name in logs, metrics and `/readyz`. */
export interface LabelledKeySet {
  readonly label: string;
  readonly keySet: KeySet;
}

/** Maximum length of a token, in characters: common limits for headers admit no longer one. */
const MAX_TOKEN_LENGTH = 8_192;

/**
 * Signatures that are checked at the same time. The runtime checks them in threads of its own, where
 * RS256 takes 0.3 ms: without a bound, hundreds of threads would compete with the one that serves.
 */
const CHECKS_AT_ONCE = 4;

/**
 * The issuers whose tokens are accepted. A token is verified with the keys and the rules of the
 * issuer that it names, and with no others.
 */
export class Issuers {
  readonly #options: IssuersOptions & { now: () => number };
  readonly #cache = new VerifiedTokenCache();
  readonly #turns: FairTurns;
  /** By the exact `iss`: names that differ by a slash are different issuers. */
  #verifiers: ReadonlyMap<string, TokenVerifier> = new Map();
  /** By `iss`; those of removed issuers stay for downloads that have not ended. */
  readonly #labels = new Map<string, string>();

  constructor(settings: readonly IssuerSettings[], options: IssuersOptions) {
    this.#options = { now: Date.now, ...options };
    const { maxWaitingPerCaller: maxWaiting = Infinity } = options;
    this.#turns = new FairTurns({ atOnce: CHECKS_AT_ONCE, maxWaiting });
    this.replace(settings);
  }

  /**
   * Returns the principal of a token.
   *
   * @throws {AuthRefusal} when the token is not valid
   * @throws {GatewayError} `key_set_unavailable` when it cannot be verified, `too_many_requests` when
   * too many tokens of its caller wait
   */
  async verify(token: string): Promise<Principal> {
    const known = this.recall(token);
    if (known) return known;
    if (token.length > MAX_TOKEN_LENGTH) throw new AuthRefusal("malformed");
    const { issuer, caller } = unverifiedClaims(token);
    const verifier = this.#verifiers.get(issuer);
    if (!verifier) throw new AuthRefusal("issuer", { cause: unknownIssuer() });
    const verified = await verifier.verify(token, caller);
    // If the keys changed during the verification, the key used may have been withdrawn.
    if (verifier.accepts(verified)) this.#cache.set(token, verified);
    return verified.principal;
  }

  /** Returns the principal if this token was verified with the current keys and has not expired. */
  recall(token: string): Principal | undefined {
    if (token.length > MAX_TOKEN_LENGTH) return undefined; // not hashed
    const known = this.#cache.get(token);
    return known?.verifier.accepts(known) ? known.principal : undefined;
  }

  /**
   * Takes over other settings. Issuers that did not change keep their keys and verified tokens;
   * those with other rules keep their keys if these come from the same place.
   */
  replace(settings: readonly IssuerSettings[]): void {
    const labels = issuerLabels(settings.map(({ issuer }) => issuer));
    settings.forEach(({ issuer }, index) => this.#labels.set(issuer, labels[index] ?? ""));
    const verifiers = settings.map((each) => this.#reuse(each));
    for (const before of this.#verifiers.values()) {
      before.isRetired = !verifiers.includes(before);
    }
    this.#verifiers = new Map(verifiers.map((each) => [each.settings.issuer, each]));
  }

  /** The key sets of all issuers, in the order of the settings. */
  keySets(): readonly LabelledKeySet[] {
    return [...this.#verifiers].map(([issuer, { keySet }]) => ({
      label: this.#labelOf(issuer),
      keySet,
    }));
  }

  #labelOf(issuer: string): string {
    return this.#labels.get(issuer) ?? "";
  }

  #reuse(settings: IssuerSettings): TokenVerifier {
    const before = this.#verifiers.get(settings.issuer);
    if (before && isSame(before.settings, settings)) return before;
    const keepsKeys = before && isSameSource(before.settings.keySet, settings.keySet);
    const label = () => this.#labelOf(settings.issuer);
    const keySet = keepsKeys ? before.keySet : this.#options.createKeySet(settings, label);
    return new TokenVerifier({ ...this.#options, settings, keySet, turns: this.#turns });
  }
}

/** As jose says it of a token with another `iss` than the expected one. */
function unknownIssuer(): Error {
  return new errors.JWTClaimValidationFailed('unexpected "iss" claim value', {}, "iss");
}

/** The unverified `iss`, empty, which no issuer is, if there is none, and `sub`. */
function unverifiedClaims(token: string): { issuer: string; caller: string } {
  try {
    const { iss, sub } = decodeJwt(token);
    return { issuer: typeof iss === "string" ? iss : "", caller: String(sub) };
  } catch (error) {
    throw toRefusal(error);
  }
}

function isSame(one: IssuerSettings, other: IssuerSettings): boolean {
  return comparable(one) === comparable(other);
}

function comparable({ plansMap, ...rest }: IssuerSettings): string {
  return JSON.stringify([rest, [...plansMap ?? []], plansMap !== undefined]);
}

function isSameSource(one: KeySource, other: KeySource): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
