import { connect, type Socket } from "node:net";
import { Buffer } from "node:buffer";

/** A request as a caller makes it. */
export interface CallOptions {
  method?: string;
  /** Bearer token; null or absent: none. */
  token?: string | null;
  headers?: Record<string, string>;
  /** Sent as JSON, with its type. */
  json?: unknown;
  /** Longest time for the whole answer, in ms; default 20,000. */
  timeoutMs?: number;
  /** Hangs up so many ms after sending. */
  hangUpAfterMs?: number;
}

/** What a caller got. */
export interface Answer {
  /** 0 where no status line came. */
  readonly status: number;
  /** Names in lower case; the last value of each. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  /** The `code` of an error; empty where there is none. */
  readonly code: string;
  /** Whether the body is as long as was announced, or its last chunk came. */
  readonly whole: boolean;
  /** The server closed the connection, or it broke. */
  readonly closed: boolean;
  /** Until the connection was closed, or else until the last byte that came. */
  readonly ms: number;
  /** Everything that came, as it came. */
  readonly raw: string;
}

/** Sends a request on a connection of its own, byte for byte as said. */
export function call(port: number, target: string, options: CallOptions): Promise<Answer> {
  return sendRaw(port, requestBytes(target, options), options);
}

/** The bytes of a request, with `Connection: close` unless it says otherwise. */
export function requestBytes(target: string, options: CallOptions): string {
  const { method = "GET", token, headers = {}, json } = options;
  const body = json === undefined ? "" : JSON.stringify(json);
  const lines = {
    host: "gateway.test",
    connection: "close",
    ...(token && { authorization: `Bearer ${token}` }),
    ...(json !== undefined && {
      "content-type": "application/json",
      "content-length": String(Buffer.byteLength(body)),
    }),
    ...headers,
  };
  const head = Object.entries(lines).map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return `${method} ${target} HTTP/1.1\r\n${head}\r\n${body}`;
}

/** Options of {@linkcode sendRaw}. */
export interface RawOptions extends Pick<CallOptions, "timeoutMs" | "hangUpAfterMs"> {
  /** Goes on reading after a whole answer until the server closes or this time is over, in ms. */
  lingerMs?: number;
}

/** Writes bytes (latin1) to a connection and reads what comes back. */
export function sendRaw(port: number, bytes: string, options: RawOptions = {}): Promise<Answer> {
  const { timeoutMs = 20_000, hangUpAfterMs, lingerMs } = options;
  const startedAt = performance.now();
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let closed = false;
    let endedAt = startedAt;
    const socket: Socket = connect({ port, host: "127.0.0.1", noDelay: true }, () => {
      socket.write(Buffer.from(bytes, "latin1"));
      if (hangUpAfterMs !== undefined) setTimeout(() => socket.destroy(), hangUpAfterMs);
    });
    const finish = () => {
      clearTimeout(timer);
      resolve(parse(Buffer.concat(chunks), closed, endedAt - startedAt));
      socket.destroy();
    };
    let timer = setTimeout(finish, timeoutMs);
    socket.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      endedAt = performance.now();
      if (lingerMs !== undefined) {
        clearTimeout(timer);
        timer = setTimeout(finish, lingerMs);
      }
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      closed = true;
      endedAt = performance.now();
      finish();
    });
  });
}

function parse(bytes: Buffer, closed: boolean, ms: number): Answer {
  const raw = bytes.toString("latin1");
  const end = raw.indexOf("\r\n\r\n");
  const [statusLine = "", ...lines] = raw.slice(0, Math.max(0, end)).split("\r\n");
  const headers = Object.fromEntries(lines.map((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  }));
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(statusLine)?.[1] ?? 0);
  const { body, whole } = bodyOf(raw.slice(end + 4), headers);
  const text = Buffer.from(body, "latin1").toString("utf8");
  return {
    status,
    headers,
    text,
    code: status >= 400 ? codeOf(text) : "",
    whole: end >= 0 && whole,
    closed,
    ms: Math.round(ms),
    raw,
  };
}

function bodyOf(rest: string, headers: Record<string, string>): { body: string; whole: boolean } {
  if (headers["transfer-encoding"] === "chunked") return dechunk(rest);
  const length = Number(headers["content-length"] ?? 0);
  return { body: rest.slice(0, length), whole: rest.length >= length };
}

function dechunk(rest: string): { body: string; whole: boolean } {
  let body = "";
  for (let at = 0;;) {
    const line = rest.indexOf("\r\n", at);
    const size = line < 0 ? NaN : parseInt(rest.slice(at, line), 16);
    if (Number.isNaN(size)) return { body, whole: false };
    if (size === 0) return { body, whole: true };
    body += rest.slice(line + 2, line + 2 + size);
    at = line + 2 + size + 2;
  }
}

function codeOf(text: string): string {
  try {
    return String(JSON.parse(text).code ?? "");
  } catch {
    return "";
  }
}
