import { exportJWK, generateKeyPair, type JSONWebKeySet, SignJWT } from "jose";

/** Service plan of the demo; the sandbox's own. */
export const PLAN = "demo-plan";

/** Claims of the demo's tokens; compose.yaml tells the gateway the same. */
export const ISSUER = "https://issuer.demo";
export const AUDIENCE = "sms-gateway";

const ALGORITHM = "ES256";

/** An issuer for trying the gateway out, never for more: its key is made anew each time. */
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
