/** A bounded name that is no token. */
const NAME = /^(?!eyJ)[\w.~@:/+-]{1,128}$/;

const UUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;

/** As many digits as a phone number has, whatever is between them. */
const PHONE_NUMBER = /(?:\d[^\dA-Za-z]*){7}/;

/**
 * The client id of a token request (RFC 6749 §2.3.1): of Basic authentication, else of the body.
 * Undefined if there is none, as with a client assertion.
 */
export function clientIdOf(authorization: string | null, body: Uint8Array): string | undefined {
  return basicUser(authorization) ??
    new URLSearchParams(new TextDecoder().decode(body)).get("client_id") ?? undefined;
}

/** The client id if it can be logged, else `REDACTED`: one may have a phone number in it. */
export function loggableClientId(clientId: string): string {
  const isLoggable = NAME.test(clientId) && (UUID.test(clientId) || !PHONE_NUMBER.test(clientId));
  return isLoggable ? clientId : "REDACTED";
}

/**
 * The user of Basic authentication; undefined without a colon after it. It is form-encoded before the
 * Base64 (RFC 6749 §2.3.1).
 */
function basicUser(authorization: string | null): string | undefined {
  const [, encoded] = /^Basic +([A-Za-z0-9+/]+=*) *$/i.exec(authorization ?? "") ?? [];
  if (encoded === undefined) return undefined;
  try {
    const [user = "", ...password] = atob(encoded).split(":");
    return password.length > 0 ? decoded(user) : undefined; // without a colon it may be a secret
  } catch {
    return undefined; // not Base64
  }
}

/** Not every client form-encodes it, so that a stray `%` is not an error. */
function decoded(user: string): string {
  try {
    return decodeURIComponent(user.replaceAll("+", " "));
  } catch {
    return user;
  }
}
