import { exportJWK, generateKeyPair, type JSONWebKeySet, SignJWT } from "jose";

/** The service plan of the demo and of the sandbox. */
export const PLAN = "demo-plan";

/** Claims of the demo's tokens; compose.yaml configures the gateway with the same values. */
export const ISSUER = "https://issuer.demo";
export const AUDIENCE = "sms-gateway";

const ALGORITHM = "ES256";

/** A token issuer for demos only, with a newly generated key. */
export async function demoIssuer(): Promise<{ jwks: JSONWebKeySet; token(): Promise<string> }> {
  const { publicKey, privateKey } = await generateKeyPair(ALGORITHM);
  const key = { ...await exportJWK(publicKey), kid: "demo", alg: ALGORITHM, use: "sig" };
  return {
    jwks: { keys: [key] },
    token: () =>
      new SignJWT({ service_plans: [PLAN] })
        .setProtectedHeader({ alg: ALGORITHM, kid: "demo", typ: "JWT" })
        .setIssuer(ISSUER).setAudience(AUDIENCE).setSubject("demo-service")
        .setIssuedAt().setExpirationTime("12h").sign(privateKey),
  };
}
