/** The answers of an upstream that does not behave: every shape of contract.md §3. */

import { REFUSALS } from "./errors.ts";
import type { Fault } from "./faults.ts";

export const FAULT_SHAPES = [
  "documented",
  "extra_members",
  "numeric_code",
  "missing_text",
  "google",
  "problem",
  "oauth",
  "message",
  "errors",
  "html",
  "text",
  "empty",
  "truncated",
  "not_utf8",
  "gzip",
  "wrong_type",
  "no_type",
  "huge",
] as const;

export type FaultShape = typeof FAULT_SHAPES[number];

interface Shaped {
  /** `Content-Type`; none if absent. */
  type?: string;
  encoding?: string;
  body: string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array> | null;
}

interface Facts {
  status: number;
  code: string;
  text: string;
}

/** Far more than anyone should read of an error. */
const HUGE_BYTES = 8 * 1024 * 1024;

const JSON_TYPE = "application/json";
const encoder = new TextEncoder();

const json = (value: unknown, type = JSON_TYPE): Shaped => ({ type, body: JSON.stringify(value) });

const SHAPES: Readonly<Record<FaultShape, (facts: Facts) => Shaped | Promise<Shaped>>> = {
  documented: ({ status, code, text }) => status === 404 ? { body: null } : json({ code, text }),
  extra_members: ({ code, text }) => json({ code, text, reference: "01SANDBOX", details: [] }),
  numeric_code: ({ status, text }) => json({ code: status * 100, text }),
  missing_text: ({ code }) => json({ code }),
  google: ({ status, text }) =>
    json({ error: { code: status, message: text, status: "INVALID_ARGUMENT", details: [] } }),
  problem: ({ status, text }) =>
    json(
      { type: "about:blank", title: "Sandbox fault", detail: text, status },
      "application/problem+json",
    ),
  oauth: ({ text }) => json({ error: "invalid_token", error_description: text }),
  message: ({ text }) => json({ message: text }),
  errors: ({ code, text }) => json({ errors: [{ code, message: text }] }),
  html: ({ status }) => ({
    type: "text/html",
    body: `<html><head><title>${status}</title></head><body><center><h1>${status}</h1></center>` +
      `<hr><center>nginx</center></body></html>\n`,
  }),
  text: ({ text }) => ({ type: "text/plain; charset=utf-8", body: `${text}\n` }),
  empty: () => ({ body: null }),
  truncated: ({ code, text }) => ({
    type: JSON_TYPE,
    body: JSON.stringify({ code, text }).slice(0, -8),
  }),
  not_utf8: ({ code }) => ({ type: JSON_TYPE, body: notUtf8(code) }),
  gzip: async ({ code, text }) => ({
    type: JSON_TYPE,
    encoding: "gzip",
    body: await gzipped(JSON.stringify({ code, text })),
  }),
  wrong_type: ({ code, text }) => json({ code, text }, "text/html"),
  no_type: ({ code, text }) => ({ body: encoder.encode(JSON.stringify({ code, text })) }),
  huge: ({ code }) => ({ type: JSON_TYPE, body: hugeBody(code) }),
};

/** Statuses that HTTP gives no body. */
const BODILESS: ReadonlySet<number> = new Set([204, 205, 304]);

/** The answer `fault` asks for; a 3xx leads to a page of the sandbox that says so. */
export async function faultResponse(fault: Fault): Promise<Response> {
  const status = fault.status ?? 500;
  const shape = fault.shape ?? (status < 400 ? "empty" : "documented");
  const code = fault.code ?? codeFor(status);
  const shaped = await SHAPES[shape]({ status, code, text: `Sandbox fault: status ${status}.` });
  const body = BODILESS.has(status) ? null : shaped.body;
  const headers = new Headers();
  if (body !== null && shaped.type) headers.set("content-type", shaped.type);
  if (body !== null && shaped.encoding) headers.set("content-encoding", shaped.encoding);
  if (body === null && !BODILESS.has(status)) headers.set("content-length", "0");
  if (status >= 300 && status < 400) headers.set("location", "/sandbox/redirected");
  if (fault.retry_after !== undefined) headers.set("retry-after", String(fault.retry_after));
  const response = new Response(body, { status, headers });
  // A string body gets a type of its own accord.
  if (!shaped.type) response.headers.delete("content-type");
  return response;
}

function codeFor(status: number): string {
  const known = Object.entries(REFUSALS).find(([, own]) => own === status);
  return known?.[0] ?? (status === 503 ? "service_unavailable" : "internal_error");
}

function notUtf8(code: string): Uint8Array<ArrayBuffer> {
  const bytes = encoder.encode(JSON.stringify({ code, text: "Sandbox fault: ~~" }));
  return bytes.map((byte) => byte === 0x7e ? 0xff : byte);
}

async function gzipped(text: string): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function hugeBody(code: string): ReadableStream<Uint8Array> {
  const filling = encoder.encode("a".repeat(64 * 1024));
  let sent = 0;
  return new ReadableStream({
    start(controller) {
      controller.enqueue(encoder.encode(`{"code":${JSON.stringify(code)},"text":"`));
    },
    pull(controller) {
      controller.enqueue(filling);
      sent += filling.length;
      if (sent < HUGE_BYTES) return;
      controller.enqueue(encoder.encode('"}'));
      controller.close();
    },
  });
}
