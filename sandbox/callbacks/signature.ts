const encoder = new TextEncoder();

/** What makes each signature different. */
export interface SignatureInput {
  readonly nonce: string;
  /** Seconds since the epoch. */
  readonly timestampS: number;
}

/**
 * The headers by which the SMS API signs a callback: base64 of the HMAC-SHA256 of
 * `body.nonce.timestamp`, as the official SDKs verify it.
 */
export async function signatureHeaders(
  secret: string,
  body: string,
  { nonce, timestampS }: SignatureInput,
): Promise<Record<string, string>> {
  const key = await crypto.subtle.importKey(
    "raw",
    encoder.encode(secret),
    { name: "HMAC", hash: "SHA-256" },
    false,
    ["sign"],
  );
  const signed = encoder.encode(`${body}.${nonce}.${timestampS}`);
  const signature = new Uint8Array(await crypto.subtle.sign("HMAC", key, signed));
  return {
    "x-sinch-webhook-signature": btoa(String.fromCharCode(...signature)),
    "x-sinch-webhook-signature-nonce": nonce,
    "x-sinch-webhook-signature-timestamp": String(timestampS),
    "x-sinch-webhook-signature-algorithm": "HmacSHA256",
  };
}
