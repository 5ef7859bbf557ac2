/** A client id that may be logged: a bounded name, and neither a phone number nor a token. */
const LOGGABLE = /^(?!\+?\d{7,15}$)(?!eyJ)[\w.~@:/+-]{1,128}$/;

/**
 * The client id of a token request (RFC 6749 §2.3.1): of Basic authentication, else of the body.
 * Undefined if there is none, as with a client assertion.
 */
export function clientIdOf(authorization: string | null, body: Uint8Array): string | undefined {
  return basicUser(authorization) ??
    new URLSearchParams(new TextDecoder().decode(body)).get("client_id") ?? undefined;
}

/** The client id if it can be logged, else `REDACTED`. */
export function loggableClientId(clientId: string): string {
  return LOGGABLE.test(clientId) ? clientId : "REDACTED";
}

/** The user of Basic authentication; RFC 6749 has it form-encoded before the Base64. */
function basicUser(authorization: string | null): string | undefined {
  const [, encoded] = /^Basic +([A-Za-z0-9+/]+=*) *$/i.exec(authorization ?? "") ?? [];
  if (encoded === undefined) return undefined;
  try {
    const [user = ""] = atob(encoded).split(":", 1);
    return decoded(user);
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
