import { GatewayError } from "./gateway_error.ts";

/** Why a token was refused: few values, so it can be a metric attribute. */
export type AuthRefusalReason = keyof typeof REFUSALS;

/**
 * By reason: `text` for the body of the error, `description` for the challenge (RFC 6750 §3). The
 * word "expired" is only in that of an expired token, since clients search for it.
 */
const REFUSALS = {
  missing: { text: "No bearer token was sent. Send it as: Authorization: Bearer <token>." },
  malformed: {
    text: "The bearer token is malformed. Send the token exactly as the issuer gave it.",
    description: "The access token is malformed",
  },
  expired: {
    text: "The bearer token has expired. Get a new one and try again.",
    description: "The access token expired",
  },
  not_yet_valid: {
    text: "The bearer token is not valid yet. Check the clock of whoever issued it.",
    description: "The access token is not valid yet",
  },
  signature: {
    text: "The signature of the bearer token does not match. Get a new one from the issuer.",
    description: "The signature of the access token does not match",
  },
  unknown_key: {
    text: "The bearer token was signed with a key that the issuer does not publish. Get a new one.",
    description: "The access token was signed with an unknown key",
  },
  algorithm: {
    text: "The bearer token is signed with an algorithm that is not accepted here.",
    description: "The signature algorithm of the access token is not accepted",
  },
  issuer: {
    text: "The bearer token is of another issuer. Get one from the issuer this gateway trusts.",
    description: "The access token is of another issuer",
  },
  audience: {
    text: "The bearer token is for another audience. Ask the issuer for one for this gateway.",
    description: "The access token is for another audience",
  },
  type: {
    text: "The bearer token is not an access token. Send one of type JWT or at+jwt.",
    description: "The token is not an access token",
  },
  claims: {
    text:
      "The bearer token lacks a required claim, or one has the wrong form. It needs exp, and sub must be a string.",
    description: "The access token lacks a required claim, or one has the wrong form",
  },
  service_plan: {
    text:
      "The bearer token is not valid for this service plan. Check that the token's service plans include the one in the path, and that this gateway serves that plan.",
    description: "The access token is not valid for this service plan",
  },
} as const satisfies Record<string, { text: string; description?: string }>;

/** Options of {@linkcode AuthRefusal}. */
export interface AuthRefusalOptions {
  /** The error of the verification; for the span only. */
  cause?: unknown;
  /** The `sub` claim of an expired token; ignored unless it is a string. */
  unverifiedSubject?: unknown;
}

/** Maximum length of a subject in spans and logs, in characters; longer ones are truncated. */
const MAX_SUBJECT_LENGTH = 256;

/** A 401 for a refused token, with its reason for span, log and metrics. */
export class AuthRefusal extends GatewayError {
  /**
   * The `sub` of an expired token, sanitized and truncated; not verified: for spans and logs only.
   */
  readonly unverifiedSubject?: string;

  constructor(
    readonly reason: AuthRefusalReason,
    { cause, unverifiedSubject }: AuthRefusalOptions = {},
  ) {
    const { text, ...rest } = REFUSALS[reason];
    const description = "description" in rest ? rest.description : undefined;
    super("unauthorized", {
      text,
      headers: { "www-authenticate": challenge(description) },
      ...(cause !== undefined && { cause }),
    });
    if (typeof unverifiedSubject === "string" && unverifiedSubject !== "") {
      this.unverifiedSubject = printable(unverifiedSubject);
    }
  }
}

/** Truncated, without control characters and lone surrogates. */
function printable(text: string): string {
  return text.slice(0, MAX_SUBJECT_LENGTH).replaceAll(/\p{Cc}/gu, "").toWellFormed();
}

/** The challenge; without an error code if no token was sent (RFC 6750 §3). */
function challenge(description: string | undefined): string {
  const realm = 'Bearer realm="sms-gateway"';
  return description
    ? `${realm}, error="invalid_token", error_description="${description}"`
    : realm;
}
