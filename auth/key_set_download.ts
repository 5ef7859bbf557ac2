import { errors } from "jose";
import { networkCause } from "../errors/network_cause.ts";

/** Deadline of a download, in ms, with that of the metadata where there is one. */
export const DOWNLOAD_TIMEOUT_MS = 5_000;

/** Maximum length of a key set, in characters; a longer answer is no key set, or an attack. */
const MAX_LENGTH = 1024 * 1024;

/** The issuer answered, but not with a key set. The message quotes nothing of the answer. */
export class KeySetDownloadError extends Error {
  override readonly name = "KeySetDownloadError";
  /** @param status of the answer, if that is why it is not one */
  constructor(message: string, readonly status?: number) {
    super(message);
  }
}

/**
 * Downloads the text of an issuer's key set.
 *
 * @param fetch called without a receiver, since Workers reject any `this` but the global object
 * @throws {KeySetDownloadError} when the status is not 2xx or the answer is too long
 * @throws {Error} of the runtime when there is no answer before `signal` aborts
 */
export function downloadKeySet(
  url: string,
  fetch: typeof globalThis.fetch,
  signal: AbortSignal,
): Promise<string> {
  return download(url, "application/jwk-set+json, application/json", { fetch, signal });
}

/** Downloads an issuer's metadata, as {@linkcode downloadKeySet} does its key set. */
export function downloadJson(
  url: string,
  fetch: typeof globalThis.fetch,
  signal: AbortSignal,
): Promise<string> {
  return download(url, "application/json", { fetch, signal });
}

async function download(
  url: string,
  accept: string,
  { fetch, signal }: { fetch: typeof globalThis.fetch; signal: AbortSignal },
): Promise<string> {
  const response = await fetch(url, {
    headers: { accept },
    redirect: "manual", // redirects are not followed; Workers lack "error"
    signal,
  });
  if (!response.ok) {
    await response.body?.cancel();
    throw new KeySetDownloadError(`answered with status ${response.status}`, response.status);
  }
  return await boundedText(response);
}

/**
 * Parses a key set into its entries, valid keys or not.
 *
 * @throws {SyntaxError} when the text is not JSON
 * @throws {errors.JWKSInvalid} when it is not a key set (RFC 7517 §5), or no entry is an object
 */
export function parseKeySet(text: string): readonly unknown[] {
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

/** Why a download failed, in a few words that quote neither the URL nor the answer. */
export function downloadFailureReason(error: unknown): string {
  if (error instanceof KeySetDownloadError) return error.message;
  if (error instanceof SyntaxError) return "answer is not JSON";
  if (error instanceof errors.JWKSInvalid) return "answer is not a JSON Web Key Set";
  return networkCause(error) ?? "no answer";
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
