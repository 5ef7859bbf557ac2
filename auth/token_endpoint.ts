import { GatewayError } from "../errors/gateway_error.ts";
import { MAX_RETRY_AFTER_S } from "../errors/retry_after.ts";
import { networkCause } from "../errors/network_cause.ts";
import { failed, type TokenEndpointReply, TokenReplyError } from "./token_reply.ts";

/** Largest reply of a token endpoint, in bytes; tokens with many claims have a few KB. */
export const MAX_TOKEN_REPLY_BYTES = 64 * 1024;

/** Failures before a connection exists, so that nothing was sent; see `networkCause`. */
const NOTHING_SENT = /^(host name|connection refused|TLS|no route|no file descriptor)/;

/** A request to a token endpoint. */
export interface TokenEndpointRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array<ArrayBuffer>;
  /** Ends the request, its reply included; the reason is a `TimeoutError`. */
  readonly signal: AbortSignal;
}

/**
 * Sends a token request once, and reads the whole reply. Redirects are not followed: the request has
 * the client's secret.
 *
 * @param fetch called without a receiver, since Workers reject any `this` but the global object
 * @throws {GatewayError} when there is no reply: `token_endpoint_unavailable` if nothing was sent
 */
export async function askTokenEndpoint(
  { url, ...init }: TokenEndpointRequest,
  fetch: typeof globalThis.fetch,
): Promise<TokenEndpointReply> {
  try {
    const response = await fetch(url, { ...init, method: "POST", redirect: "manual" });
    const { status, headers } = response;
    return { status: status || 302, headers, bytes: await boundedBytes(response) };
  } catch (error) {
    throw error instanceof GatewayError ? error : noReply(error, init.signal);
  }
}

/** The causes are in fixed words: what the runtime says may have the URL. */
function noReply(error: unknown, { aborted }: AbortSignal): GatewayError {
  if (aborted) {
    const cause = new TokenReplyError("it did not answer in time");
    return new GatewayError("token_endpoint_timeout", { cause });
  }
  const why = networkCause(error) ?? "no answer";
  if (!NOTHING_SENT.test(why)) return failed(why);
  return new GatewayError("token_endpoint_unavailable", {
    headers: { "retry-after": String(MAX_RETRY_AFTER_S) },
    cause: new TokenReplyError(why),
  });
}

async function boundedBytes({ body }: Response): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  for await (const chunk of body ?? []) {
    size += chunk.byteLength;
    if (size > MAX_TOKEN_REPLY_BYTES) throw failed("its reply is longer than 64 KiB");
    chunks.push(chunk);
  }
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}
