/**
 * Response headers as pairs, without `Content-Encoding` and `Content-Length` if the runtime has
 * decoded the body.
 *
 * @param decodes content codings that the runtime decodes
 */
export function headerPairs(
  headers: Headers,
  decodes: ReadonlySet<string>,
): [name: string, value: string][] {
  const codings = headers.get("content-encoding")?.toLowerCase().split(",") ?? [];
  const isDecoded = codings.length > 0 && codings.every((coding) => decodes.has(coding.trim()));
  return [...headers].filter(([name]) =>
    !isDecoded || (name !== "content-encoding" && name !== "content-length")
  );
}

/** Error codes of Node's fetch that occur only before a connection is established. */
const UNSENT_CODES: ReadonlySet<unknown> = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "UND_ERR_CONNECT_TIMEOUT",
]);

/** Part of the message of Deno's fetch, which has no codes, when no connection was established. */
const UNSENT_MESSAGE = "client error (Connect)";

/** Whether an error of fetch proves that nothing was sent; false where that is not certain. */
export function provesUnsent(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ("code" in cause && UNSENT_CODES.has(cause.code)) return true;
    if (cause.message.includes(UNSENT_MESSAGE)) return true;
  }
  return false;
}
