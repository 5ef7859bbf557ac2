import type { MiddlewareHandler } from "hono";
import type { SandboxEnv } from "./env.ts";
import type { RequestLog } from "./request_log.ts";
import { formatTimestamp } from "./timestamps.ts";

/** Options of {@linkcode receive}. */
export interface ReceiveOptions {
  log: RequestLog;
  /** The time, in milliseconds since the epoch. */
  now: () => number;
  /** Largest request body that is read, in bytes. */
  maxBodyBytes: number;
}

const NO_BYTES = new Uint8Array();

/** Reads the body of each request and records the request, before any check. */
export function receive(options: ReceiveOptions): MiddlewareHandler<SandboxEnv> {
  const decoder = new TextDecoder();
  return async function receive(c, next) {
    const { raw } = c.req;
    const bytes = raw.method === "GET" || raw.method === "HEAD"
      ? NO_BYTES
      : await readBody(c.req, options.maxBodyBytes);
    const path = c.env?.incoming?.url ?? pathOf(raw.url);
    c.set("body", bytes);
    c.set("query", path.includes("?") ? path.slice(path.indexOf("?")) : "");
    options.log.add({
      method: raw.method,
      path,
      headers: Object.fromEntries(raw.headers),
      body: bytes ? decoder.decode(bytes) : "",
      time: formatTimestamp(options.now()),
    });
    await next();
  };
}

/** The body, or undefined if it is over the limit. */
async function readBody(
  request: { header(name: string): string | undefined; arrayBuffer(): Promise<ArrayBuffer> },
  maxBytes: number,
): Promise<Uint8Array | undefined> {
  if (Number(request.header("content-length") ?? 0) > maxBytes) return undefined;
  const bytes = new Uint8Array(await request.arrayBuffer());
  return bytes.length > maxBytes ? undefined : bytes;
}

function pathOf(url: string): string {
  return url.slice(url.indexOf("/", url.indexOf("//") + 2));
}
