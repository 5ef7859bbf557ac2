/** Who can resolve the error. */
export type Fault = "caller" | "gateway" | "upstream" | "issuer";

/**
 * Whether the SMS API processed the request. `unknown`: it was sent, but there is no response that
 * tells. `yes` occurs only when a successful response breaks off.
 */
export type Processed = "yes" | "no" | "unknown";

/**
 * Whether the same request may be sent again:
 * - `never`: it would be refused again unless the request or the account is changed;
 * - `later`: it may be sent again, after `Retry-After` if there is one: it was not processed, or does
 *   no harm twice;
 * - `idempotent_only`: GET, PUT and DELETE may be sent again; a POST may take effect twice.
 */
export type RetryAdvice = "never" | "later" | "idempotent_only";

/** One row of the error reference. */
export interface CatalogEntry {
  /** HTTP status of the response. */
  readonly status: number;
  /** What happened, in one or two sentences. */
  readonly meaning: string;
  /** What to do about it; the troubleshooting tip of the API's own status pages if there is one. */
  readonly help: string;
  readonly fault: Fault;
  readonly processed: Exclude<Processed, "yes">;
  readonly retry: RetryAdvice;
  /** The only path with this code; default: those of the SMS API. */
  readonly onlyOf?: "/oauth2/token";
}

/** Advice when it is not known whether a POST was processed. */
export const OUTCOME_UNKNOWN =
  "It is not known whether this request was processed: check whether it took effect (with the GET of what it changes) before you send it again, or it may take effect twice.";

/** Instead of {@linkcode OUTCOME_UNKNOWN} for a request with an idempotency key. */
export const OUTCOME_UNKNOWN_WITH_KEY =
  "It is not known whether this request was processed. Repeat it with the same Idempotency-Key: it is not sent twice, and if it has a client_reference, the gateway asks the SMS API what became of it.";

/** Advice when it is not known whether an idempotent request was processed. */
export const SAFE_TO_REPEAT = "The method is idempotent, so it is safe to send the request again.";

/** Advice for all methods, for errors with an unknown outcome. */
const ADVICE_BY_METHOD =
  "POST: check whether it took effect (with the GET of what it changes) before you send it again, or it may take effect twice. GET, PUT, DELETE: send it again.";

/**
 * Every error code the gateway documents, with its status (contract.md §2).
 * docs/errors.md is generated from it.
 */
export const CATALOG = {
  syntax_constraint_violation: {
    status: 400,
    meaning: "The request body does not fulfil all of the constraints set by the API.",
    help:
      "Check that every required field is there, that the body is within the allowed length and that the message does not expire in the past.",
    fault: "caller",
    processed: "no",
    retry: "never",
  },
  syntax_invalid_json: {
    status: 400,
    meaning: "The JSON in the request is invalid or does not conform to the API specification.",
    help: "Correct the syntax of the body; a JSON validator shows where it breaks.",
    fault: "caller",
    processed: "no",
    retry: "never",
  },
  syntax_invalid_parameter_format: {
    status: 400,
    meaning: "The format of a field value is invalid, for example of an MSISDN.",
    help: "Correct the field; a phone number needs its country and area code.",
    fault: "caller",
    processed: "no",
    retry: "never",
  },
  idempotency_key_invalid: {
    status: 400,
    meaning: "The Idempotency-Key is malformed; nothing was sent.",
    help:
      "Send one header with 1 to 255 printable ASCII characters, plain or in double quotes, such as a UUID; a key with a comma before a space needs the quotes.",
    fault: "caller",
    processed: "no",
    retry: "never",
  },
  idempotency_key_missing: {
    status: 400,
    meaning: "This gateway requires an Idempotency-Key on every POST; nothing was sent.",
    help:
      "Make a new key, such as a UUID, for each message, send it as Idempotency-Key, and use the same key when you repeat the request.",
    fault: "caller",
    processed: "no",
    retry: "never",
  },
  unauthorized: {
    status: 401,
    meaning: "The bearer token is missing, or not valid for this service plan.",
    help:
      "Send a current token whose claims name this service plan; if it has expired, get a new one and try again.",
    fault: "caller",
    processed: "no",
    retry: "never",
  },
  callback_refused: {
    status: 401,
    meaning: "The callback is not authentic, so nothing was relayed.",
    help:
      "Only the SMS API sends callbacks. The operator of the gateway has to check CALLBACKS if its callbacks are refused; the metrics have the reason.",
    fault: "caller",
    processed: "no",
    retry: "never",
  },
  blocked_account: {
    status: 403,
    meaning: "The account at the SMS API has been blocked.",
    help: "Reach out to your account manager for further assistance.",
    fault: "caller",
    processed: "no",
    retry: "never",
  },
  illegal_number_type: {
    status: 403,
    meaning: "An illegal phone number type was used for the chosen region.",
    help: "Send to a different MSISDN.",
    fault: "caller",
    processed: "no",
    retry: "never",
  },
  missing_callback_url: {
    status: 403,
    meaning: "A callback has been requested, but no URL is provided.",
    help:
      "Set a callback URL for the service plan in the dashboard, or give one in the request body.",
    fault: "caller",
    processed: "no",
    retry: "never",
  },
  unknown_campaign: {
    status: 403,
    meaning: "The campaign ID does not match the specified originator.",
    help: "Check the campaign ID and the originator it is registered for.",
    fault: "caller",
    processed: "no",
    retry: "never",
  },
  unknown_group: {
    status: 403,
    meaning: "A referenced group ID is unknown to the API; it is invalid or has been deleted.",
    help: "Check that the group ID in the request body belongs to an existing group.",
    fault: "caller",
    processed: "no",
    retry: "never",
  },
  batch_already_dispatched: {
    status: 403,
    meaning: "The batch has been dispatched and can no longer be changed.",
    help: "Send a new batch instead.",
    fault: "caller",
    processed: "no",
    retry: "never",
  },
  conflict_group_name: {
    status: 403,
    meaning: "Another group already has this name.",
    help: "Choose another name for the group.",
    fault: "caller",
    processed: "no",
    retry: "never",
  },
  conflict_send_at: {
    status: 403,
    meaning: "The send time conflicts with the state or the expiry of the batch.",
    help: "Choose a send_at in the future and before expire_at.",
    fault: "caller",
    processed: "no",
    retry: "never",
  },
  destination_not_allowed: {
    status: 403,
    meaning:
      "Your policy at this gateway does not allow a recipient: its country, or groups. Nothing was sent.",
    help:
      "Leave out the recipients that the text describes, or ask the operator of the gateway to change your policy.",
    fault: "caller",
    processed: "no",
    retry: "never",
  },
  sender_not_allowed: {
    status: 403,
    meaning:
      "Your policy at this gateway does not allow this sender, or needs from to be set. Nothing was sent.",
    help:
      "Set from to a sender that your policy allows, or ask the operator of the gateway to change it.",
    fault: "caller",
    processed: "no",
    retry: "never",
  },
  forbidden: {
    status: 403,
    meaning: "The request is valid but cannot be performed; the SMS API gave no reason.",
    help: "Check that every resource the request refers to exists.",
    fault: "caller",
    processed: "no",
    retry: "never",
  },
  not_found: {
    status: 404,
    meaning: "The path is invalid or no resource exists with the given ID.",
    help:
      "Check the path; wait until the resource is ready, or check whether it was removed under the retention policy.",
    fault: "caller",
    processed: "no",
    retry: "never",
  },
  method_not_allowed: {
    status: 405,
    meaning: "The path is valid but not for this method.",
    help: "Check that the method matches the function of the endpoint; Allow lists those it has.",
    fault: "caller",
    processed: "no",
    retry: "never",
  },
  idempotency_key_in_use: {
    status: 409,
    meaning:
      "The first request with this Idempotency-Key is still under way; this repeat was not sent.",
    help: "Repeat it after Retry-After, with the same key, to get the answer of the first.",
    fault: "caller",
    processed: "no",
    retry: "later",
  },
  unsupported_media_type: {
    status: 415,
    meaning: "The Content-Type header is missing or unsupported.",
    help: "Add the header Content-Type: application/json to the request.",
    fault: "caller",
    processed: "no",
    retry: "never",
  },
  idempotency_key_reused: {
    status: 422,
    meaning:
      "This Idempotency-Key belongs to another request: its path, query or body differs. Nothing was sent.",
    help:
      "Use a new key for each message. A repeat has to have the same bytes: serialize the body once and keep it.",
    fault: "caller",
    processed: "no",
    retry: "never",
  },
  too_many_requests: {
    status: 429,
    meaning: "The user or path has too many outstanding requests.",
    help: "Wait for an interval between requests and send them at a slower rate.",
    fault: "caller",
    processed: "no",
    retry: "later",
  },
  quota_exceeded: {
    status: 429,
    meaning:
      "The budget of message parts of your policy does not allow this request now; nothing was sent.",
    help:
      "Send it again after Retry-After. Without Retry-After it exceeds the whole budget: split it into several requests. GET /usage tells what is left.",
    fault: "caller",
    processed: "no",
    retry: "later",
  },
  client_closed_request: {
    status: 499,
    meaning: "The caller closed the connection before it was answered; no caller sees this status.",
    help: "Check the caller's own timeout.",
    fault: "caller",
    processed: "unknown",
    retry: "idempotent_only",
  },
  internal_error: {
    status: 500,
    meaning: "An unexpected internal error occurred and the request was not processed.",
    help: "Try the request again; if it fails again, report it with its X-Request-Id.",
    fault: "gateway",
    processed: "no",
    retry: "later",
  },
  service_unavailable: {
    status: 503,
    meaning: "The SMS API is unable to perform the request at this point.",
    help: "Try again after Retry-After; if it lasts, contact your account manager.",
    fault: "upstream",
    processed: "no",
    retry: "later",
  },
  upstream_unreachable: {
    status: 503,
    meaning: "The SMS API could not be reached; nothing was sent to it.",
    help: "The request was not processed, so it is safe to send it again after Retry-After.",
    fault: "upstream",
    processed: "no",
    retry: "later",
  },
  upstream_circuit_open: {
    status: 503,
    meaning:
      "The SMS API has failed many times in a row, so nothing is sent to it for a moment; this request was not sent.",
    help: "It is safe to send it again after Retry-After.",
    fault: "upstream",
    processed: "no",
    retry: "later",
  },
  upstream_timeout: {
    status: 504,
    meaning: "The request was sent to the SMS API, which did not answer in time.",
    help: ADVICE_BY_METHOD,
    fault: "upstream",
    processed: "unknown",
    retry: "idempotent_only",
  },
  upstream_failed: {
    status: 502,
    meaning:
      "The request was sent to the SMS API, which answered with a redirect or a 5xx that it does not document.",
    help: ADVICE_BY_METHOD,
    fault: "upstream",
    processed: "unknown",
    retry: "idempotent_only",
  },
  upstream_connection_lost: {
    status: 502,
    meaning:
      "The request was sent to the SMS API, but the connection broke before a whole answer came.",
    help: ADVICE_BY_METHOD,
    fault: "upstream",
    processed: "unknown",
    retry: "idempotent_only",
  },
  upstream_credentials_rejected: {
    status: 503,
    meaning: "The SMS API refused the gateway's own credential for this service plan.",
    help:
      "The request was not processed. Your token is fine; the operator of the gateway has to renew the credential in SERVICE_PLANS.",
    fault: "gateway",
    processed: "no",
    retry: "later",
  },
  upstream_credentials_unavailable: {
    status: 503,
    meaning:
      "The gateway has no valid OAuth token of the SMS API for this service plan, and could not fetch one, so nothing was processed.",
    help:
      "Your token is fine. Try again after Retry-After; if it lasts, the operator of the gateway has to check the token endpoint and the access key in SERVICE_PLANS.",
    fault: "upstream",
    processed: "no",
    retry: "later",
  },
  overloaded: {
    status: 503,
    meaning: "The gateway has too many requests in flight; this one was not processed.",
    help: "Try again after Retry-After.",
    fault: "gateway",
    processed: "no",
    retry: "later",
  },
  idempotency_unavailable: {
    status: 503,
    meaning:
      "The gateway's store for Idempotency-Key is not available, so nothing was sent: it could have been sent before.",
    help:
      "It is safe to repeat the request with the same key after Retry-After. Requests without a key are served.",
    fault: "gateway",
    processed: "no",
    retry: "later",
  },
  callback_not_relayed: {
    status: 503,
    meaning: "No service has taken the callback yet.",
    help: "The SMS API sends it again; the metrics have the reason.",
    fault: "caller",
    processed: "no",
    retry: "later",
  },
  token_endpoint_unavailable: {
    status: 503,
    meaning:
      "The issuer's token endpoint could not be reached, or said that it cannot serve requests now.",
    help: "No token was issued. Ask again after Retry-After.",
    fault: "issuer",
    processed: "no",
    retry: "later",
    onlyOf: "/oauth2/token",
  },
  token_endpoint_timeout: {
    status: 504,
    meaning: "The issuer's token endpoint did not answer in time.",
    help: "Ask again: it does no harm to get a second token.",
    fault: "issuer",
    processed: "unknown",
    retry: "later",
    onlyOf: "/oauth2/token",
  },
  token_endpoint_failed: {
    status: 502,
    meaning:
      "The issuer's token endpoint broke off, or answered with neither a bearer token nor an error of OAuth (RFC 6749 §5).",
    help:
      "Ask again: it does no harm to get a second token. If it lasts, tell the issuer's operator.",
    fault: "issuer",
    processed: "unknown",
    retry: "later",
    onlyOf: "/oauth2/token",
  },
  key_set_unavailable: {
    status: 503,
    meaning: "The token issuer's key set is not available, so no token can be checked.",
    help: "Your token was not checked. Try again after Retry-After.",
    fault: "issuer",
    processed: "no",
    retry: "later",
  },
} as const satisfies Record<string, CatalogEntry>;

/** A code of the gateway's own catalog. */
export type CatalogCode = keyof typeof CATALOG;

/** The default public text of a code: its meaning and its help. */
export function defaultText(code: CatalogCode): string {
  const entry = CATALOG[code];
  return `${entry.meaning} ${entry.help}`;
}

/** The entry of a code, or undefined if it is not in the catalog, such as a new code of the API. */
export function catalogEntry(code: string): CatalogEntry | undefined {
  return Object.hasOwn(CATALOG, code) ? CATALOG[code as CatalogCode] : undefined;
}
