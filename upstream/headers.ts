/** Request headers of the caller that go to the upstream (contract.md §4); all others stay. */
export const FORWARDED_UP = ["accept", "accept-language", "content-type", "user-agent"] as const;

/**
 * Response headers of the upstream that do not go to the caller: hop-by-hop ones (RFC 9110
 * §7.6.1), what belongs to the upstream's own site, and the names under which the gateway
 * itself speaks. What `Connection` names is dropped as well.
 */
const DROPPED_DOWN: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authentication-info",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "alt-svc",
  "authorization",
  "server",
  "set-cookie",
  "set-cookie2",
  "strict-transport-security",
  "traceparent",
  "tracestate",
  "via",
  "www-authenticate",
  "x-powered-by",
  "x-error-origin",
  "x-request-id",
]);

/** Header values that the Fetch standard can carry: no controls but the tab, one byte each. */
const VALID_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** What the caller's request says to the upstream, without credential and trace context. */
export function headersUp(caller: Headers): Record<string, string> {
  // Asked for explicitly, since a proxy on the way may compress what nobody can check then.
  const headers: Record<string, string> = { "accept-encoding": "identity" };
  for (const name of FORWARDED_UP) {
    const value = caller.get(name);
    if (value !== null) headers[name] = value;
  }
  return headers;
}

/**
 * What of a successful reply's headers the caller sees; the body's own headers included.
 *
 * @param credential the gateway's own: a header that quotes it is dropped
 */
export function headersDown(
  reply: readonly (readonly [name: string, value: string])[],
  credential?: string,
): [string, string][] {
  const named = connectionNames(reply);
  return reply.filter(([name, value]) =>
    !DROPPED_DOWN.has(name) && !named?.has(name) && VALID_VALUE.test(value) &&
    !(credential && value.includes(credential))
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
  return new Set(values.join(",").toLowerCase().split(",").map((name) => name.trim()));
}
