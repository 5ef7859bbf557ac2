import { errors, type JSONWebKeySet } from "jose";

/** A download that takes longer has failed, in ms. */
const TIMEOUT_MS = 5_000;

/** Longer key sets, in characters, are not read: a page that is no key set, or an attack. */
const MAX_LENGTH = 1024 * 1024;

/**
 * The text of an issuer's key set.
 *
 * @param fetch not called as a method: Workers mind what `this` is
 * @throws {Error} when there is none at that address, or none within the time
 */
export async function downloadKeySet(url: string, fetch: typeof globalThis.fetch): Promise<string> {
  const response = await fetch(url, {
    headers: { accept: "application/jwk-set+json, application/json" },
    redirect: "manual", // a redirect is no key set; Workers do not know "error"
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  if (!response.ok) {
    await response.body?.cancel();
    throw new Error(`key set answered ${response.status}`);
  }
  return await boundedText(response);
}

/**
 * The key set without symmetric keys, which an issuer must not publish and nobody may use.
 *
 * @throws {errors.JWKSInvalid} when it is no key set
 */
export function publicKeysOf(jwks: unknown): JSONWebKeySet {
  if (typeof jwks !== "object" || jwks === null || !("keys" in jwks) || !Array.isArray(jwks.keys)) {
    throw new errors.JWKSInvalid("no JSON Web Key Set");
  }
  return { keys: jwks.keys.filter((key) => key?.kty !== "oct") };
}

async function boundedText(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > MAX_LENGTH) throw new Error("key set is too long");
  }
  return text + decoder.decode();
}
