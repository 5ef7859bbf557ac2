import { errors } from "jose";

/** A download that takes longer has failed, in ms. */
const TIMEOUT_MS = 5_000;

/** Longer key sets, in characters, are not read: a page that is no key set, or an attack. */
const MAX_LENGTH = 1024 * 1024;

/** There was an answer, but none with a key set; the message says why, and quotes nothing of it. */
export class KeySetDownloadError extends Error {
  override readonly name = "KeySetDownloadError";
}

/**
 * The text of an issuer's key set.
 *
 * @param fetch not called as a method: Workers mind what `this` is
 * @throws {KeySetDownloadError} when the answer is not one with a key set
 * @throws {Error} of the runtime when there is no answer within the time
 */
export async function downloadKeySet(url: string, fetch: typeof globalThis.fetch): Promise<string> {
  const response = await fetch(url, {
    headers: { accept: "application/jwk-set+json, application/json" },
    redirect: "manual", // a redirect is no key set; Workers do not know "error"
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  if (!response.ok) {
    await response.body?.cancel();
    throw new KeySetDownloadError(`answered with status ${response.status}`);
  }
  return await boundedText(response);
}

/**
 * The entries of a key set, good or not.
 *
 * @throws {SyntaxError} when the text is no JSON
 * @throws {errors.JWKSInvalid} when it is no key set (RFC 7517 §5), or none of its entries is a key
 */
export function keysIn(text: string): readonly unknown[] {
  const jwks: unknown = JSON.parse(text);
  if (typeof jwks !== "object" || jwks === null || !("keys" in jwks) || !Array.isArray(jwks.keys)) {
    throw new errors.JWKSInvalid("no JSON Web Key Set");
  }
  const { keys } = jwks;
  if (keys.length > 0 && !keys.some((key) => typeof key === "object" && key !== null)) {
    throw new errors.JWKSInvalid("no key in the JSON Web Key Set");
  }
  return keys;
}

async function boundedText(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > MAX_LENGTH) throw new KeySetDownloadError("longer than 1 MiB");
  }
  return text + decoder.decode();
}
