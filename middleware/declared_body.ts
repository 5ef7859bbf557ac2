/** Whether a request announces a body (RFC 9112 §6): only then is one read. */
export function declaresBody(headers: Headers): boolean {
  const length = headers.get("content-length");
  return length === null ? headers.has("transfer-encoding") : length !== "0";
}
