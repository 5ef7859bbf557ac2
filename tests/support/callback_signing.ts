import {
  SIGNATURE_ALGORITHM,
  SIGNATURE_HEADERS,
  signCallback,
  type SignedParts,
} from "../../callbacks/signature.ts";

/** The headers of a callback that is signed as the SMS API signs it. */
export function signatureHeaders(
  secret: string,
  body: Uint8Array,
  parts: SignedParts,
): Record<string, string> {
  return {
    [SIGNATURE_HEADERS.signature]: signCallback(secret, body, parts),
    [SIGNATURE_HEADERS.nonce]: parts.nonce,
    [SIGNATURE_HEADERS.timestamp]: parts.timestamp,
    [SIGNATURE_HEADERS.algorithm]: SIGNATURE_ALGORITHM,
  };
}
