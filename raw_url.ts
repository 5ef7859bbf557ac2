// Deno and Node hand over the request target as it came. Parsing it as a URL would resolve
// dot segments, and a path that was never in the route table could become one that is.

/** The path of a request URL exactly as the caller sent it, undecoded. */
export function rawPathOf(url: string): string {
  const start = pathStart(url);
  const query = url.indexOf("?", start);
  return query === -1 ? url.slice(start) : url.slice(start, query);
}

/** The query of a request URL exactly as sent, without the question mark; else empty. */
export function rawQueryOf(url: string): string {
  const query = url.indexOf("?", pathStart(url));
  return query === -1 ? "" : url.slice(query + 1);
}

function pathStart(url: string): number {
  const start = url.indexOf("/", url.indexOf("://") + 3);
  return start === -1 ? url.length : start;
}
