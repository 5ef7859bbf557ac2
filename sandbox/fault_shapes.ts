/** Error bodies in every shape of contract.md §3. */

/** The names of the shapes. */
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

/** The name of a shape. */
export type FaultShape = typeof FAULT_SHAPES[number];

interface ShapedBody {
  /** `Content-Type`; the response has none if this is absent. */
  type?: string;
  /** `Content-Encoding`; the response has none if this is absent. */
  encoding?: string;
  body: string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array> | null;
}

interface ErrorMembers {
  status: number;
  code: string;
  text: string;
}

/** More than a client should read of an error body. */
const HUGE_BYTES = 8 * 1024 * 1024;

const JSON_TYPE = "application/json";
const encoder = new TextEncoder();

const json = (value: unknown, type = JSON_TYPE): ShapedBody => ({
  type,
  body: JSON.stringify(value),
});

/** Shape → the body of an error in that shape. */
export const SHAPES: Readonly<
  Record<FaultShape, (error: ErrorMembers) => ShapedBody | Promise<ShapedBody>>
> = {
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

function notUtf8(code: string): Uint8Array<ArrayBuffer> {
  const bytes = encoder.encode(JSON.stringify({ code, text: "Sandbox fault: ~~" }));
  return bytes.map((byte) => byte === 0x7e ? 0xff : byte);
}

async function gzipped(text: string): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function hugeBody(code: string): ReadableStream<Uint8Array> {
  const chunk = encoder.encode("a".repeat(64 * 1024));
  let sent = 0;
  return new ReadableStream({
    start(controller) {
      controller.enqueue(encoder.encode(`{"code":${JSON.stringify(code)},"text":"`));
    },
    pull(controller) {
      controller.enqueue(chunk);
      sent += chunk.length;
      if (sent < HUGE_BYTES) return;
      controller.enqueue(encoder.encode('"}'));
      controller.close();
    },
  });
}
