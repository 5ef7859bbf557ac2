import { createHmac, timingSafeEqual } from "node:crypto";

/** The headers of a signed callback of the SMS API. */
export const SIGNATURE_HEADERS = {
  signature: "x-sinch-webhook-signature",
  nonce: "x-sinch-webhook-signature-nonce",
  timestamp: "x-sinch-webhook-signature-timestamp",
  algorithm: "x-sinch-webhook-signature-algorithm",
} as const;

/** The value of the algorithm header. */
export const SIGNATURE_ALGORITHM = "HmacSHA256";

/** What is signed together with the body. */
export interface SignedParts {
  /** A new value for each callback. */
  readonly nonce: string;
  /** When it was signed, in seconds since the epoch, as text. */
  readonly timestamp: string;
}

/** The signature of a callback: base64(HMAC-SHA256(secret, body + "." + nonce + "." + timestamp)). */
export function signCallback(
  secret: string,
  body: Uint8Array,
  { nonce, timestamp }: SignedParts,
): string {
  return createHmac("sha256", secret).update(body).update(`.${nonce}.${timestamp}`)
    .digest("base64");
}

/** Whether one of the secrets made this signature; compared in constant time. */
export function isSignedWith(
  secrets: readonly string[],
  body: Uint8Array,
  { signature, ...parts }: SignedParts & { readonly signature: string },
): boolean {
  const given = new TextEncoder().encode(signature);
  // Every secret is tried, so that the time does not tell which one fits.
  return secrets.map((secret) => {
    const expected = new TextEncoder().encode(signCallback(secret, body, parts));
    return given.byteLength === expected.byteLength && timingSafeEqual(given, expected);
  }).includes(true);
}
