import { Webhook } from "standardwebhooks";

/** What is signed for the service. */
export interface SignedCallback {
  /** The same for each attempt to relay a callback. */
  readonly id: string;
  readonly body: Uint8Array;
  /** The time of this attempt, in ms since the epoch. */
  readonly nowMs: number;
}

/**
 * The headers of the Standard Webhooks specification. While a secret is replaced, there is a
 * signature for each of them.
 *
 * @param secrets `whsec_…`
 */
export function webhookHeaders(
  secrets: readonly string[],
  { id, body, nowMs }: SignedCallback,
): Record<string, string> {
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(body);
  const at = new Date(nowMs);
  return {
    "webhook-id": id,
    "webhook-timestamp": String(Math.floor(nowMs / 1_000)),
    "webhook-signature": secrets.map((secret) => new Webhook(secret).sign(id, at, text)).join(" "),
  };
}
