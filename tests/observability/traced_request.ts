import { exchangeRaw, type RawAnswer, rawRequest } from "../support/raw_client.ts";
import { testIssuer, type TokenOptions } from "../support/issuer.ts";
import type { Expected } from "./provocations.ts";

export type { Expected };

/** A request that is sent with a new trace id and request id. */
export interface TracedRequest {
  readonly name: string;
  readonly method: string;
  /** The request target on the wire. */
  readonly target: string;
  readonly plan: string;
  readonly token?: TokenOptions | null;
  readonly authorization?: string;
  readonly body?: string;
  readonly headers?: readonly string[];
  /** Closes the connection as soon as this settles, without reading the answer. */
  readonly hangUp?: () => Promise<unknown>;
  readonly expected: Expected;
}

/** A sent request and its answer. */
export interface Sent {
  readonly name: string;
  readonly requestId: string;
  readonly traceId: string;
  /** The span id in the caller's `traceparent`. */
  readonly parentSpanId: string;
  readonly method: string;
  readonly plan: string;
  readonly bytesIn: number;
  readonly expected: Expected;
  /** Absent if the caller hung up before the answer. */
  readonly answer?: RawAnswer;
}

/** The issuer that every gateway of these tests trusts. */
export const issuer = await testIssuer();

/** A token, by default valid for both service plans. */
export function tokenFor(options: TokenOptions = {}): Promise<string> {
  return issuer.token({ subject: "billing", servicePlans: ["plan-1", "plan-2"], ...options });
}

/** Sends a request to a port of this machine and waits for the answer. */
export async function send(port: number, request: TracedRequest): Promise<Sent> {
  const { name, method, plan, body = "", expected, hangUp } = request;
  const requestId = crypto.randomUUID();
  const traceId = hex(16);
  const parentSpanId = hex(8);
  const bytes = rawRequest(method, request.target, [
    `X-Request-Id: ${requestId}`,
    `traceparent: 00-${traceId}-${parentSpanId}-01`,
    ...await authorizationOf(request),
    ...entityHeaders(request),
  ], body);
  const answer = hangUp ? await hangUpAfter(port, bytes, hangUp) : await exchangeRaw(port, bytes);
  return {
    name,
    requestId,
    traceId,
    parentSpanId,
    method,
    plan,
    bytesIn: body.length,
    expected,
    ...(answer && { answer }),
  };
}

/** Random bytes in hexadecimal digits. */
export function hex(bytes: number): string {
  return [...crypto.getRandomValues(new Uint8Array(bytes))]
    .map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function authorizationOf({ token, authorization }: TracedRequest): Promise<string[]> {
  if (authorization !== undefined) return [`Authorization: ${authorization}`];
  return token === null ? [] : [`Authorization: Bearer ${await tokenFor(token)}`];
}

function entityHeaders({ body, headers = [] }: TracedRequest): string[] {
  const has = (name: string) => headers.some((header) => header.startsWith(`${name}:`));
  return [
    ...headers,
    ...(body !== undefined && !has("Content-Type") ? ["Content-Type: application/json"] : []),
    ...(body !== undefined ? [`Content-Length: ${body.length}`] : []),
  ];
}

async function hangUpAfter(
  port: number,
  bytes: string,
  hangUp: () => Promise<unknown>,
): Promise<undefined> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  await connection.write(new TextEncoder().encode(bytes));
  await hangUp();
}
