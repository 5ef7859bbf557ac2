import {
  exportJWK,
  generateKeyPair,
  type JSONWebKeySet,
  type JWTHeaderParameters,
  SignJWT,
} from "jose";
import { Issuers } from "../../auth/issuers.ts";
import type { KeySet } from "../../auth/key_set.ts";
import type { IssuerSettings } from "../../issuer_settings.ts";

/** Options of a token; the default is a valid one. */
export interface TokenOptions {
  subject?: string;
  servicePlans?: unknown;
  issuer?: string;
  audience?: string;
  /** Seconds from now; default 300. `null`: no `exp`. */
  expiresInS?: number | null;
  /** Seconds from now; default: no `nbf`. */
  notBeforeInS?: number;
  header?: Partial<JWTHeaderParameters>;
  claims?: Record<string, unknown>;
  /** The issuer's clock, in epoch ms. */
  now?: number;
}

/** An issuer of tokens with its own key pair. */
export interface TestIssuer {
  readonly issuer: string;
  readonly audience: string;
  readonly jwks: JSONWebKeySet;
  readonly privateKey: CryptoKey;
  readonly kid: string;
  token(options?: TokenOptions): Promise<string>;
}

/** A new issuer; `alg` defaults to ES256, whose keys are fast to generate. */
export async function testIssuer(alg = "ES256", kid = "key-1"): Promise<TestIssuer> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  const jwk = { ...await exportJWK(publicKey), kid, alg, use: "sig" };
  const issuer = "https://issuer.test";
  const audience = "sms-gateway";
  return {
    issuer,
    audience,
    kid,
    privateKey,
    jwks: { keys: [jwk] },
    token: (options = {}) => sign({ issuer, audience, ...options }, { alg, kid, privateKey }),
  };
}

function sign(
  options: TokenOptions,
  { alg, kid, privateKey }: { alg: string; kid: string; privateKey: CryptoKey },
): Promise<string> {
  const { subject = "service-a", servicePlans = ["plan-1"], expiresInS = 300 } = options;
  const now = Math.floor((options.now ?? Date.now()) / 1000);
  const jwt = new SignJWT({
    service_plans: servicePlans,
    sub: subject,
    ...(options.issuer !== undefined && { iss: options.issuer }),
    ...(options.audience !== undefined && { aud: options.audience }),
    ...(expiresInS !== null && { exp: now + expiresInS }),
    ...(options.notBeforeInS !== undefined && { nbf: now + options.notBeforeInS }),
    ...options.claims,
  });
  return jwt.setProtectedHeader({ alg, kid, typ: "JWT", ...options.header }).sign(privateKey);
}

/** The settings of an issuer whose tokens have the usual claims. */
export function settingsOf(
  { issuer, audience, jwks }: Pick<TestIssuer, "issuer" | "audience" | "jwks">,
  changes: Partial<IssuerSettings> = {},
): IssuerSettings {
  return {
    issuer,
    audiences: [audience],
    audienceClaim: "aud",
    algorithms: ["RS256", "PS256", "ES256", "EdDSA"],
    plansClaim: "service_plans",
    plansPrefix: "",
    keySet: { jwks: { keys: jwks.keys.map((key) => ({ kty: "", ...key })) } },
    ...changes,
  };
}

/** Options of {@linkcode issuersOf}. */
export interface IssuersOfOptions {
  settings?: Partial<IssuerSettings>;
  clockToleranceS?: number;
  now?: () => number;
  maxWaitingPerCaller?: number;
}

/** One issuer, whose keys are these. */
export function issuersOf(
  issuer: TestIssuer,
  keySet: KeySet,
  { settings, clockToleranceS = 0, now = Date.now, ...options }: IssuersOfOptions = {},
): Issuers {
  return new Issuers([settingsOf(issuer, settings)], {
    clockToleranceS,
    now,
    ...options,
    createKeySet: () => keySet,
  });
}
