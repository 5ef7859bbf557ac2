/** Methods whose requests mean something by their body. */
const WITH_CONTENT: ReadonlySet<string> = new Set(["POST", "PUT"]);

/**
 * Whether a request announces a body: only then is one read. HTTP/1.1 says so by a length or a
 * coding (RFC 9112 §6). HTTP/2 needs neither (RFC 9113 §8.1): there, where `Host` is not sent
 * either, a request that should have a body, or says of what type it is, counts as having one.
 */
export function declaresBody({ method, headers }: Request): boolean {
  const length = headers.get("content-length");
  if (length !== null) return length !== "0";
  if (headers.has("transfer-encoding")) return true;
  return isHttp2(headers) && (WITH_CONTENT.has(method) || headers.has("content-type"));
}

/**
 * Whether the body of a request has to be read. Over HTTP/2 that is also where `content-length: 0`
 * says that there is none: data may follow, which makes the request malformed (RFC 9113 §8.1.1), and
 * the runtime tells that only to those who read. So may data where there is no length: a request over
 * HTTP/2 with `Host` looks like one over HTTP/1.1.
 */
export function mayHaveBody(request: Request): boolean {
  const { method, headers } = request;
  return declaresBody(request) || headers.get("content-length") === "0" ||
    (WITH_CONTENT.has(method) && !headers.has("content-length"));
}

/** HTTP/1.1 requires `Host` (RFC 9112 §3.2); HTTP/2 has `:authority` in its place. */
export function isHttp2(headers: Headers): boolean {
  return headers.get("host") === null; // has() would have Deno copy all of them
}

/**
 * Whether a body that came, came over HTTP/2: over HTTP/1.1 there is none without one of these
 * headers, whereas over HTTP/2 `Host` may be sent as well.
 */
export function cameOverHttp2(headers: Headers): boolean {
  return isHttp2(headers) || !(headers.has("content-length") || headers.has("transfer-encoding"));
}
