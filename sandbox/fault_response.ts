import { REFUSALS } from "./errors.ts";
import { SHAPES } from "./fault_shapes.ts";
import type { Fault } from "./faults.ts";

/** Statuses whose responses have no body (Fetch: null body status). */
const NULL_BODY_STATUSES: ReadonlySet<number> = new Set([204, 205, 304]);

/** The response that `fault` asks for; a 3xx has a `Location` of the sandbox itself. */
export async function faultResponse(fault: Fault): Promise<Response> {
  const status = fault.status ?? 500;
  const shape = fault.shape ?? (status < 400 ? "empty" : "documented");
  const code = fault.code ?? codeFor(status);
  const shaped = await SHAPES[shape]({ status, code, text: `Sandbox fault: status ${status}.` });
  const body = NULL_BODY_STATUSES.has(status) ? null : shaped.body;
  const headers = new Headers();
  if (body !== null && shaped.type) headers.set("content-type", shaped.type);
  if (body !== null && shaped.encoding) headers.set("content-encoding", shaped.encoding);
  if (body === null && !NULL_BODY_STATUSES.has(status)) headers.set("content-length", "0");
  if (status >= 300 && status < 400) headers.set("location", "/sandbox/redirected");
  if (fault.retry_after !== undefined) headers.set("retry-after", String(fault.retry_after));
  const response = new Response(body, { status, headers });
  // `Response` adds a Content-Type to a string body.
  if (!shaped.type) response.headers.delete("content-type");
  return response;
}

function codeFor(status: number): string {
  const known = Object.entries(REFUSALS).find(([, own]) => own === status);
  return known?.[0] ?? (status === 503 ? "service_unavailable" : "internal_error");
}
