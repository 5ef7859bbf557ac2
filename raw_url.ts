// Deno and Node provide the request target as it was sent, after the authority of an absolute-form
// target or of Host. Parsing it as a URL would resolve dot segments, so that a path that is not in
// the route table could become one that is.

/** RFC 9110 §7.2 and RFC 3986 §3.2.2: a name or an IP literal and an optional port; no userinfo. */
const HOST =
  /^(?:(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+|\[[0-9A-Za-z._~!$&'()*+,;=:-]+\])(?::\d*)?$/;

/**
 * Path of a request with an invalid `Host`: it is unknown where such a host ends and the path
 * begins.
 */
const UNKNOWN_PATH = "/";

/** Whether a string is a valid `Host`: `uri-host [ ":" port ]` (RFC 9112 §3.2). */
export function isHost(text: string): boolean {
  return HOST.test(text);
}

/**
 * Whether the authority of the URL, and `Host` if there is one, are valid, so that the request
 * target can be separated from the host.
 */
export function hasValidHost({ url, headers }: Request): boolean {
  const host = headers.get("host");
  if (host !== null && !isHost(host)) return false;
  const authority = url.slice(authorityStart(url), authorityEnd(url));
  return authority === host || isHost(authority);
}

/**
 * The path for routing, exactly as sent, undecoded. It is `/`, which is not a path of the API, if
 * the host is invalid (see {@linkcode hasValidHost}).
 */
export function routedPathOf(request: Request): string {
  return hasValidHost(request) ? rawPathOf(request.url) : UNKNOWN_PATH;
}

/** The path of a request URL exactly as sent, undecoded; `/` if it is empty. */
export function rawPathOf(url: string): string {
  const start = authorityEnd(url);
  const query = url.indexOf("?", start);
  return (query === -1 ? url.slice(start) : url.slice(start, query)) || "/";
}

/**
 * The query of a request URL exactly as sent, without the question mark; empty if there is none.
 */
export function rawQueryOf(url: string): string {
  const query = url.indexOf("?", authorityEnd(url));
  return query === -1 ? "" : url.slice(query + 1);
}

function authorityStart(url: string): number {
  return url.indexOf("://") + 3;
}

/** An authority ends before the next slash, question mark or number sign (RFC 3986 §3.2). */
function authorityEnd(url: string): number {
  for (let at = authorityStart(url); at < url.length; at++) {
    const character = url.charCodeAt(at);
    if (character === SLASH || character === QUESTION_MARK || character === NUMBER_SIGN) return at;
  }
  return url.length;
}

const SLASH = 0x2f;
const QUESTION_MARK = 0x3f;
const NUMBER_SIGN = 0x23;
