import { decodeJwt } from "jose";
import { GatewayError } from "../errors/gateway_error.ts";
import { type OAuthError, oauthError } from "../errors/oauth_errors.ts";
import { MAX_RETRY_AFTER_S } from "../errors/retry_after.ts";

/** What a token endpoint answered. */
export interface TokenEndpointReply {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** What the caller gets. */
export interface TokenReply {
  readonly status: number;
  /** The issuer's bytes, or with the members that they lack. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** For span and log: `issued`, or the error code of RFC 6749. */
  readonly outcome: TokenOutcome;
}

/** What became of a token request, in few values: `refused` for codes that RFC 6749 has not. */
export type TokenOutcome = "issued" | "refused" | OAuthError;

/** Statuses by which an issuer says that it has done nothing yet. */
const NOT_NOW: ReadonlySet<number> = new Set([429, 503]);

/** Options of {@linkcode toTokenReply}. */
export interface TokenReplyOptions {
  /** The scope of the request: that of the token, if the reply has none (RFC 6749 §5.1). */
  requestedScope: string;
  /** The time, epoch ms. */
  now: number;
}

/**
 * What to answer with the reply of a token endpoint: a token for bearers, with all members that SDKs
 * read, and an error of RFC 6749 §5.2 as it is.
 *
 * @throws {GatewayError} for every other reply
 */
export function toTokenReply(reply: TokenEndpointReply, options: TokenReplyOptions): TokenReply {
  const { status, bytes } = reply;
  const body = objectOf(bytes);
  if (status >= 200 && status < 300) return issued(reply, body, options);
  if (body && status >= 400 && status < 500 && typeof body.error === "string") {
    const { error } = body;
    return { status, bytes, outcome: oauthError(error) ?? "refused" };
  }
  if (!NOT_NOW.has(status)) throw failed(`it answered with status ${status}`);
  throw new GatewayError("token_endpoint_unavailable", {
    headers: { "retry-after": String(MAX_RETRY_AFTER_S) },
    cause: new TokenReplyError(`it answered with status ${status}`),
  });
}

/** A reply that cannot be used; the message quotes nothing of it. */
export class TokenReplyError extends Error {
  override readonly name = "TokenReplyError";
}

/** The error for a reply that cannot be used, with why. */
export function failed(why: string): GatewayError {
  return new GatewayError("token_endpoint_failed", { cause: new TokenReplyError(why) });
}

function issued(
  { status, bytes }: TokenEndpointReply,
  body: Record<string, unknown> | undefined,
  options: TokenReplyOptions,
): TokenReply {
  const token = body?.access_token;
  if (!body || typeof token !== "string" || token === "") {
    throw failed("it answered without a token");
  }
  // A token of another type, such as DPoP, is refused here, and never relabelled.
  if (!isBearer(body.token_type)) throw failed("it answered with a token that is not for bearers");
  const missing = Object.entries(defaults(token, options))
    .filter(([name, value]) => value !== undefined && !Object.hasOwn(body, name));
  return {
    status,
    bytes: missing.length === 0 ? bytes : encode({ ...body, ...Object.fromEntries(missing) }),
    outcome: "issued",
  };
}

function isBearer(type: unknown): boolean {
  return type === undefined || (typeof type === "string" && type.toLowerCase() === "bearer");
}

/** The members that an issuer may leave out, and the Python SDK needs. */
function defaults(token: string, { requestedScope, now }: TokenReplyOptions) {
  return { token_type: "Bearer", expires_in: expiresIn(token, now), scope: requestedScope };
}

/** By the token's own `exp`, in seconds; undefined if it has none that can be read. */
function expiresIn(token: string, now: number): number | undefined {
  try {
    const { exp } = decodeJwt(token);
    return typeof exp === "number" ? Math.max(0, Math.floor(exp - now / 1_000)) : undefined;
  } catch {
    return undefined;
  }
}

function objectOf(bytes: Uint8Array): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function encode(value: object): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(value));
}
