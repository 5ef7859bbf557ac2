import type { UpstreamReply } from "./transport.ts";

/** Headers that state where a body ends. */
const FRAMING_HEADERS: ReadonlySet<string> = new Set(["content-length", "transfer-encoding"]);

/** Statuses whose responses have no body (RFC 9112 §6.3, rule 1). */
const NO_BODY: ReadonlySet<number> = new Set([204, 304]);

/**
 * Whether only closing the connection ends the body (RFC 9112 §6.3, rule 8). Over TLS such a body
 * is complete only if the peer sent close_notify (§9.8), which runtimes do not report: Deno's
 * node:tls reports a reset as a regular end, too.
 */
export function isDelimitedByClose({ status, headers }: Omit<UpstreamReply, "body">): boolean {
  return !NO_BODY.has(status) && !headers.some(([name]) => FRAMING_HEADERS.has(name));
}
