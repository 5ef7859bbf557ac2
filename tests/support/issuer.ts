import {
  exportJWK,
  generateKeyPair,
  type JSONWebKeySet,
  type JWTHeaderParameters,
  SignJWT,
} from "jose";

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
