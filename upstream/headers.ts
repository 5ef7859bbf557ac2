import type { CredentialFilter } from "./credential_filter.ts";

/** Request headers that are forwarded to the upstream (contract.md §4); all others are dropped. */
export const FORWARDED_REQUEST_HEADERS = [
  "accept",
  "accept-language",
  "content-type",
  "user-agent",
] as const;

/**
 * Response headers of a success that are forwarded to the caller (contract.md §4); all others are
 * dropped. They describe the body or its freshness (RFC 9110 §8 and §15, RFC 9111 §5), or limit the
 * caller's rate.
 */
export const FORWARDED_RESPONSE_HEADERS = [
  "age",
  "cache-control",
  "content-disposition",
  "content-encoding",
  "content-language",
  "content-length",
  "content-type",
  "date",
  "deprecation",
  "etag",
  "expires",
  "last-modified",
  "ratelimit",
  "ratelimit-policy",
  "retry-after",
  "sunset",
  "vary",
] as const;

const RESPONSE_HEADERS: ReadonlySet<string> = new Set(FORWARDED_RESPONSE_HEADERS);

/**
 * Header values that the Fetch standard accepts: single bytes, no control character but the tab.
 */
const VALID_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Selects the caller's headers for the upstream; credential and trace context are added later. */
export function requestHeaders(caller: Headers): Record<string, string> {
  // Explicit, since a proxy in between may otherwise compress the response.
  const headers: Record<string, string> = { "accept-encoding": "identity" };
  const connection = caller.get("connection");
  const named = connection === null ? undefined : connectionOptions(connection);
  for (const name of FORWARDED_REQUEST_HEADERS) {
    const value = caller.get(name);
    if (value !== null && !named?.has(name)) headers[name] = value;
  }
  return headers;
}

/**
 * Selects the headers of a successful reply for the caller.
 *
 * @param credentials the gateway's own credentials: a header that contains one of them is dropped
 */
export function responseHeaders(
  reply: readonly (readonly [name: string, value: string])[],
  credentials: CredentialFilter,
): [string, string][] {
  const named = connectionOptionsOf(reply);
  return reply.filter(([name, value]) =>
    RESPONSE_HEADERS.has(name) && !named?.has(name) && VALID_VALUE.test(value) &&
    !credentials.matches(value)
  ) as [string, string][];
}

/** The first value of a header, by its name in lower case. */
export function headerOf(
  headers: readonly (readonly [name: string, value: string])[],
  name: string,
): string | undefined {
  return headers.find((header) => header[0] === name)?.[1];
}

function connectionOptionsOf(
  reply: readonly (readonly [name: string, value: string])[],
): Set<string> | undefined {
  const values = reply.filter(([name]) => name === "connection").map(([, value]) => value);
  if (values.length === 0) return undefined;
  return connectionOptions(values.join(","));
}

/** The header names in a `Connection` header; they are hop-by-hop (RFC 9110 §7.6.1). */
function connectionOptions(connection: string): Set<string> {
  return new Set(connection.toLowerCase().split(",").map((name) => name.trim()));
}
