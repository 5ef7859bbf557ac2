import { exportJWK, generateKeyPair, type JSONWebKeySet, SignJWT } from "jose";

/** The service plan of the demo and of the sandbox. */
export const PLAN = "demo-plan";

/** Claims of the demo's tokens; compose.yaml configures the gateway with the same values. */
export const ISSUER = "https://issuer.demo";
export const AUDIENCE = "sms-gateway";

const ALGORITHM = "ES256";

/** The client that gets tokens of the demo's issuer. */
export const CLIENT_ID = "demo-client";
export const CLIENT_SECRET = "demo-secret";

/** Lifetime of a token of the token endpoint, in seconds. */
const LIFETIME_S = 3_600;

/** A token issuer for demos only. */
export interface DemoIssuer {
  readonly jwks: JSONWebKeySet;
  /** A token for whoever asks; valid for 12 hours by default. */
  token(lifetime?: string): Promise<string>;
  /** Answers a request of the client credentials grant (RFC 6749 §4.4). */
  tokenEndpoint(request: Request): Promise<Response>;
}

/** A token issuer with a newly generated key. */
export async function demoIssuer(): Promise<DemoIssuer> {
  const { publicKey, privateKey } = await generateKeyPair(ALGORITHM);
  const key = { ...await exportJWK(publicKey), kid: "demo", alg: ALGORITHM, use: "sig" };
  const token = (lifetime = "12h") =>
    new SignJWT({ service_plans: [PLAN] })
      .setProtectedHeader({ alg: ALGORITHM, kid: "demo", typ: "JWT" })
      .setIssuer(ISSUER).setAudience(AUDIENCE).setSubject("demo-service")
      .setIssuedAt().setExpirationTime(lifetime).sign(privateKey);
  return {
    jwks: { keys: [key] },
    token,
    async tokenEndpoint(request) {
      if (request.method !== "POST") return new Response(null, { status: 405 });
      const parameters = new URLSearchParams(await request.text());
      if (request.headers.get("authorization") !== BASIC) return refused(401, "invalid_client");
      if (parameters.get("grant_type") !== "client_credentials") {
        return refused(400, "unsupported_grant_type");
      }
      const access_token = await token(`${LIFETIME_S}s`);
      return Response.json({ access_token, token_type: "Bearer", expires_in: LIFETIME_S });
    },
  };
}

const BASIC = `Basic ${btoa(`${CLIENT_ID}:${CLIENT_SECRET}`)}`;

/** An error of RFC 6749 §5.2. */
function refused(status: number, error: string): Response {
  return Response.json({ error }, {
    status,
    headers: status === 401 ? { "www-authenticate": "Basic" } : {},
  });
}
