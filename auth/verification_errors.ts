import { errors } from "jose";
import { AuthRefusal, type AuthRefusalReason } from "../errors/auth_refusal.ts";
import { GatewayError } from "../errors/gateway_error.ts";
import { MAX_RETRY_AFTER_S } from "../errors/retry_after.ts";
import { KeySetUnavailableError } from "./key_set.ts";

/** Error code of jose → reason. */
const REASONS: Readonly<Record<string, AuthRefusalReason>> = {
  ERR_JWS_SIGNATURE_VERIFICATION_FAILED: "signature",
  ERR_JWKS_NO_MATCHING_KEY: "unknown_key",
  ERR_JOSE_ALG_NOT_ALLOWED: "algorithm",
  ERR_JOSE_NOT_SUPPORTED: "algorithm",
  ERR_JWS_INVALID: "malformed",
  ERR_JWT_INVALID: "malformed",
};

/** Claims with a reason of their own. */
const CLAIM_REASONS: Readonly<Record<string, AuthRefusalReason>> = {
  nbf: "not_yet_valid",
  iss: "issuer",
  aud: "audience",
};

/**
 * Converts an error of a verification to the error for the caller; others are returned unchanged.
 */
export function toRefusal(error: unknown): unknown {
  if (error instanceof KeySetUnavailableError) {
    return new GatewayError("key_set_unavailable", {
      cause: error,
      headers: { "retry-after": String(MAX_RETRY_AFTER_S) },
    });
  }
  if (error instanceof errors.JWTExpired) {
    return new AuthRefusal("expired", { cause: error, unverifiedSubject: error.payload.sub });
  }
  if (error instanceof errors.JWTClaimValidationFailed) {
    return new AuthRefusal(CLAIM_REASONS[error.claim] ?? "claims", { cause: error });
  }
  const reason = error instanceof errors.JOSEError ? REASONS[error.code] : undefined;
  return reason ? new AuthRefusal(reason, { cause: error }) : error;
}
