import type { CredentialFilter } from "./credential_filter.ts";

/** Request headers of the caller that go to the upstream (contract.md §4); all others stay. */
export const FORWARDED_UP = ["accept", "accept-language", "content-type", "user-agent"] as const;

/**
 * Response headers of a success that go to the caller (contract.md §4); all others are dropped.
 * They describe the body, or how long it is valid (RFC 9110 §8 and §15, RFC 9111 §5), or when the
 * API asks for fewer requests.
 */
export const FORWARDED_DOWN = [
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

const PASSES_DOWN: ReadonlySet<string> = new Set(FORWARDED_DOWN);

/** Header values that the Fetch standard can carry: no controls but the tab, one byte each. */
const VALID_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** The caller's headers for the upstream, without credential and trace context. */
export function headersUp(caller: Headers): Record<string, string> {
  // Asked for explicitly, since a proxy on the way may compress what nobody can check then.
  const headers: Record<string, string> = { "accept-encoding": "identity" };
  const connection = caller.get("connection");
  const named = connection === null ? undefined : namesIn(connection);
  for (const name of FORWARDED_UP) {
    const value = caller.get(name);
    if (value !== null && !named?.has(name)) headers[name] = value;
  }
  return headers;
}

/**
 * The headers of a successful reply that the caller gets.
 *
 * @param credentials the gateway's own: a header that quotes one of them is dropped
 */
export function headersDown(
  reply: readonly (readonly [name: string, value: string])[],
  credentials: CredentialFilter,
): [string, string][] {
  const named = connectionNames(reply);
  return reply.filter(([name, value]) =>
    PASSES_DOWN.has(name) && !named?.has(name) && VALID_VALUE.test(value) &&
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

function connectionNames(
  reply: readonly (readonly [name: string, value: string])[],
): Set<string> | undefined {
  const values = reply.filter(([name]) => name === "connection").map(([, value]) => value);
  if (values.length === 0) return undefined;
  return namesIn(values.join(","));
}

/** The names in a `Connection` header, which are hop-by-hop (RFC 9110 §7.6.1). */
function namesIn(connection: string): Set<string> {
  return new Set(connection.toLowerCase().split(",").map((name) => name.trim()));
}
