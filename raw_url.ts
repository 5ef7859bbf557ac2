// Deno and Node hand over the request target as it came, behind the authority of an absolute-form
// target or of Host. Parsing the whole as a URL would resolve dot segments, and a path that was never
// in the route table could become one that is.

/** RFC 9110 §7.2 and RFC 3986 §3.2.2: a name or an IP literal, then perhaps a port; without userinfo. */
const HOST =
  /^(?:(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+|\[[0-9A-Za-z._~!$&'()*+,;=:-]+\])(?::\d*)?$/;

/** The path of a request whose `Host` is invalid: where such a host ends, and a path begins, is unknown. */
const UNKNOWN_PATH = "/";

/** Whether a text is what `Host` has to be: `uri-host [ ":" port ]` (RFC 9112 §3.2). */
export function isHost(text: string): boolean {
  return HOST.test(text);
}

/**
 * Whether the request target of a request can be told from its host: both `Host`, where there is
 * one, and the authority of the URL are valid.
 */
export function hasValidHost({ url, headers }: Request): boolean {
  const host = headers.get("host");
  if (host !== null && !isHost(host)) return false;
  const authority = url.slice(authorityStart(url), authorityEnd(url));
  return authority === host || isHost(authority);
}

/**
 * The path that routes are matched by, exactly as the caller sent it, undecoded; `/`, which is no
 * path of the API, where the host is invalid (see {@linkcode hasValidHost}).
 */
export function routedPathOf(request: Request): string {
  return hasValidHost(request) ? rawPathOf(request.url) : UNKNOWN_PATH;
}

/** The path of a request URL exactly as the caller sent it, undecoded; `/` where it is empty. */
export function rawPathOf(url: string): string {
  const start = authorityEnd(url);
  const query = url.indexOf("?", start);
  return (query === -1 ? url.slice(start) : url.slice(start, query)) || "/";
}

/** The query of a request URL exactly as sent, without the question mark; else empty. */
export function rawQueryOf(url: string): string {
  const query = url.indexOf("?", authorityEnd(url));
  return query === -1 ? "" : url.slice(query + 1);
}

function authorityStart(url: string): number {
  return url.indexOf("://") + 3;
}

/** RFC 3986 §3.2: an authority ends before the next slash, question mark or number sign. */
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
