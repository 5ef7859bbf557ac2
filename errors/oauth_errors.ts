/** The error codes of a token endpoint (RFC 6749 §5.2). */
const OAUTH_ERRORS = [
  "invalid_request",
  "invalid_client",
  "invalid_grant",
  "unauthorized_client",
  "unsupported_grant_type",
  "invalid_scope",
] as const;

/** An error code of a token endpoint. */
export type OAuthError = typeof OAUTH_ERRORS[number];

/** The code of an error response, if the RFC has it: other codes may be anything. */
export function oauthError(code: string): OAuthError | undefined {
  return OAUTH_ERRORS.find((known) => known === code);
}
