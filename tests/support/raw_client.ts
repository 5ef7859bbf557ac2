import { Buffer } from "node:buffer";

/** An answer, parsed from its bytes. */
export interface RawAnswer {
  readonly status: number;
  /** Names in lower case; a repeated one is joined with commas. */
  readonly headers: Headers;
  /** Status line and header lines, unchanged, in latin1. */
  readonly head: string;
  /** All bytes after the headers, undecoded, in latin1. */
  readonly body: string;
}

/** Sends bytes to a port of this machine and reads one answer, whole or until it breaks off. */
export async function exchangeRaw(port: number, bytes: string | Uint8Array): Promise<RawAnswer> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const data = typeof bytes === "string"
    ? Uint8Array.from(bytes, (character) => character.charCodeAt(0))
    : bytes;
  for (let sent = 0; sent < data.length;) sent += await connection.write(data.subarray(sent));
  return parse(await readAnswer(connection));
}

/** The bytes of a request that asks for the connection to be closed after its answer. */
export function rawRequest(
  method: string,
  target: string,
  headers: readonly string[] = [],
  body = "",
): string {
  const lines = [`${method} ${target} HTTP/1.1`, "Host: gateway.test", "Connection: close"];
  return `${[...lines, ...headers].join("\r\n")}\r\n\r\n${body}`;
}

async function readAnswer(connection: Deno.Conn): Promise<string> {
  const buffer = new Uint8Array(64 * 1024);
  let text = "";
  for (;;) {
    const size = await connection.read(buffer).catch(() => null); // a reset ends the answer too
    if (size === null) return text;
    text += Buffer.from(buffer.subarray(0, size)).toString("latin1");
    if (isWhole(text)) return text;
  }
}

/** Whether an answer with Content-Length is complete; others end with their connection. */
function isWhole(text: string): boolean {
  const { headers, body } = parse(text);
  const length = headers.get("content-length");
  return length !== null && text.includes("\r\n\r\n") && body.length >= Number(length);
}

function parse(text: string): RawAnswer {
  const end = text.indexOf("\r\n\r\n");
  const head = text.slice(0, end === -1 ? undefined : end);
  const [line = "", ...fields] = head.split("\r\n");
  const headers = new Headers();
  for (const field of fields) {
    const colon = field.indexOf(":");
    if (colon > 0) headers.append(field.slice(0, colon), field.slice(colon + 1).trim());
  }
  return {
    status: Number(line.split(" ")[1] ?? 0),
    headers,
    head,
    body: end === -1 ? "" : text.slice(end + 4),
  };
}
