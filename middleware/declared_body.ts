/** Methods whose requests normally have content. */
const WITH_CONTENT: ReadonlySet<string> = new Set(["POST", "PUT"]);

/**
 * Whether a request declares a body. HTTP/1.1 requires `Content-Length` or `Transfer-Encoding` for
 * that (RFC 9112 §6). HTTP/2 requires neither (RFC 9113 §8.1): there a request also counts as having
 * a body if its method normally has content, or if it has a `Content-Type`.
 */
export function declaresBody({ method, headers }: Request): boolean {
  const length = headers.get("content-length");
  if (length !== null) return length !== "0";
  if (headers.has("transfer-encoding")) return true;
  return isHttp2(headers) && (WITH_CONTENT.has(method) || headers.has("content-type"));
}

/**
 * Whether the body of a request has to be read. That includes `content-length: 0`: an HTTP/2 request
 * may still contain data, which makes it malformed (RFC 9113 §8.1.1), and the runtime reports that
 * only when the body is read. It includes requests without a length: with `Host`, one over HTTP/2
 * looks like one over HTTP/1.1.
 */
export function mayHaveBody(request: Request): boolean {
  const { method, headers } = request;
  return declaresBody(request) || headers.get("content-length") === "0" ||
    (WITH_CONTENT.has(method) && !headers.has("content-length"));
}

/** HTTP/1.1 requires `Host` (RFC 9112 §3.2); HTTP/2 has `:authority` instead. */
function isHttp2(headers: Headers): boolean {
  return headers.get("host") === null; // has() makes Deno copy all headers
}

/**
 * Whether a body that came, came over HTTP/2: over HTTP/1.1 there is none without one of these
 * headers, whereas over HTTP/2 `Host` may be sent as well.
 */
export function cameOverHttp2(headers: Headers): boolean {
  return isHttp2(headers) || !(headers.has("content-length") || headers.has("transfer-encoding"));
}
