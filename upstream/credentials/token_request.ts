import * as oauth from "oauth4webapi";
import { networkCause } from "../../errors/network_cause.ts";
import { oauthError } from "../../errors/oauth_errors.ts";
import { ChunkList } from "../chunk_list.ts";
import { retryAfterMs } from "../retry_after.ts";
import { TokenError } from "./token_error.ts";

/** OAuth 2.0 client credentials of a project: an access key. */
export interface KeyPair {
  readonly key_id: string;
  readonly key_secret: string;
}

/** A bearer token of the token endpoint. */
export interface FetchedToken {
  readonly value: string;
  /** Undefined if the endpoint does not tell. */
  readonly expiresInS: number | undefined;
}

/** Options of {@linkcode requestToken}. */
export interface TokenRequestOptions {
  /** The token endpoint. */
  url: URL;
  /** Called without a receiver, since Workers reject any `this` but the global object. */
  fetch: typeof globalThis.fetch;
  signal: AbortSignal;
  /** Called with the status of the answer. */
  onStatus: (status: number) => void;
}

/** Largest answer that is read, in bytes; a longer one has no token, or is an attack. */
export const MAX_TOKEN_ANSWER_BYTES = 64 * 1024;

/** A token that can be sent in a header: visible ASCII, and no longer than servers accept. */
const USABLE_TOKEN = /^[\x21-\x7e]{1,8192}$/;

/** Statuses that must not have a body (Fetch standard, null body status). */
const NULL_BODY: ReadonlySet<number> = new Set([204, 205, 304]);

/**
 * Fetches a token with the client credentials grant (RFC 6749 §4.4).
 *
 * @throws {TokenError} when there is none
 */
export async function requestToken(
  { key_id, key_secret }: KeyPair,
  { url, fetch, signal, onStatus }: TokenRequestOptions,
): Promise<FetchedToken> {
  const server = { issuer: url.origin, token_endpoint: url.href };
  const client = { client_id: key_id };
  // Like the official SDKs, and unlike RFC 6749 §2.3.1, without percent-encoding.
  const authenticate: oauth.ClientAuth = (_server, _client, _body, headers) =>
    headers.set("authorization", `Basic ${btoa(`${key_id}:${key_secret}`)}`);
  const answer = await send(async () =>
    await oauth.clientCredentialsGrantRequest(server, client, authenticate, {}, {
      [oauth.allowInsecureRequests]: true,
      [oauth.customFetch]: async (href, init) => bounded(await fetch(href, init as RequestInit)),
      signal,
    })
  );
  onStatus(answer.status);
  return await readToken(
    answer,
    () => oauth.processClientCredentialsResponse(server, client, answer),
  );
}

async function send(request: () => Promise<Response>): Promise<Response> {
  try {
    return await request();
  } catch (error) {
    if (error instanceof TokenError) throw error;
    const cause = networkCause(error);
    const isTimeout = cause === "timeout";
    throw new TokenError(
      isTimeout ? "timeout" : "network",
      `token endpoint not reached: ${cause ?? "connection failed"}`,
    );
  }
}

async function readToken(
  answer: Response,
  process: () => Promise<oauth.TokenEndpointResponse>,
): Promise<FetchedToken> {
  const { status } = answer;
  try {
    const { access_token, token_type, expires_in } = await process();
    if (token_type !== "bearer") throw otherTokenType();
    if (!USABLE_TOKEN.test(access_token)) throw malformed();
    return { value: access_token, expiresInS: expires_in };
  } catch (error) {
    // The library's errors contain the answer, perhaps with a token: none of them is a cause.
    if (error instanceof TokenError) throw error;
    if (error instanceof oauth.UnsupportedOperationError) throw otherTokenType();
    throw status === 200 ? malformed() : statusError(answer, error);
  }
}

function statusError({ status, headers }: Response, error: unknown): TokenError {
  const code = error instanceof oauth.ResponseBodyError && oauthError(error.error)
    ? ` (${error.error})`
    : "";
  const reason = status === 429 ? "rate_limited" : status >= 500 ? "server_error" : "refused";
  return new TokenError(reason, `token endpoint answered ${status}${code}`, {
    status,
    retryAfterMs: retryAfterMs(headers.get("retry-after")?.trim() ?? ""),
  });
}

function otherTokenType(): TokenError {
  return new TokenError(
    "token_type",
    "token endpoint answered with a token that is no bearer token",
  );
}

function malformed(): TokenError {
  return new TokenError("malformed", "token endpoint answered without a usable token");
}

/** The answer with its whole body, which is at most {@linkcode MAX_TOKEN_ANSWER_BYTES} long. */
async function bounded(answer: Response): Promise<Response> {
  const chunks = new ChunkList();
  for await (const chunk of answer.body ?? []) {
    chunks.append(chunk);
    if (chunks.size > MAX_TOKEN_ANSWER_BYTES) throw malformed();
  }
  const { status, headers } = answer;
  const body = NULL_BODY.has(status) ? null : withoutNulls(chunks.toBytes());
  return new Response(body, { status, headers: withoutCoding(headers) });
}

/** Some endpoints send `null` for what they do not tell, such as `expires_in`. */
function withoutNulls(bytes: Uint8Array<ArrayBuffer>): BodyInit {
  try {
    const text = new TextDecoder().decode(bytes);
    return JSON.stringify(JSON.parse(text, (_, value) => value ?? undefined)) ?? bytes;
  } catch {
    return bytes; // no JSON
  }
}

/** The headers without those that describe the coding and length of the body as it was sent. */
function withoutCoding(headers: Headers): Headers {
  const result = new Headers(headers);
  result.delete("content-encoding");
  result.delete("content-length");
  return result;
}
