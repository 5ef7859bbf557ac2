import { Buffer } from "node:buffer";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { written } from "./written.ts";

/** A request whose body is sent frame by frame. */
export interface FramedRequest {
  /** With the pseudo-headers. */
  headers: Record<string, string>;
  body: DataFrames;
}

/** A body in DATA frames of the same size; the last may be shorter. */
export interface DataFrames {
  readonly wire: Buffer;
  /** Bytes of the body in a frame. */
  readonly frameBytes: number;
}

/** The frames of a body; sendFramed takes them ready, since encoding would slow down this process. */
export function dataFrames(body: Uint8Array, frameBytes: number): DataFrames {
  const frames: Buffer[] = [];
  for (let at = 0; at < body.byteLength; at += frameBytes) {
    const flags = at + frameBytes >= body.byteLength ? END_STREAM : 0;
    frames.push(frame(TYPE.data, flags, STREAM, body.subarray(at, at + frameBytes)));
  }
  return { wire: Buffer.concat(frames), frameBytes };
}

/** Size of the header of a frame (RFC 9113 §4.1). */
const HEADER_BYTES = 9;

/** Frame types (RFC 9113 §6). */
const TYPE = {
  data: 0,
  headers: 1,
  rstStream: 3,
  settings: 4,
  goaway: 7,
  windowUpdate: 8,
} as const;

const ACK = 0x1;
const END_STREAM = 0x1;
const END_HEADERS = 0x4;
const STREAM = 1;

/** Size of a window before anything is said of it (RFC 9113 §6.9.2). */
const INITIAL_WINDOW = 65_535;

/** Frames that are written to the socket together. */
const FRAMES_PER_WRITE = 2_000;

/**
 * Sends a request over HTTP/2 with DATA frames of exactly the size that is asked for; clients put
 * small writes together. Keeps to the windows of the server.
 *
 * @returns what came in DATA frames, or why nothing did: `reset`, `goaway` or `closed`
 */
export async function sendFramed(port: number, request: FramedRequest): Promise<string> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  socket.on("error", () => {});
  const state = { connectionWindow: INITIAL_WINDOW, streamWindow: INITIAL_WINDOW };
  const answer = readFrames(socket, state);
  socket.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  socket.write(frame(TYPE.settings, 0, 0, Buffer.alloc(0)));
  socket.write(frame(TYPE.headers, END_HEADERS, STREAM, headerBlock(request.headers)));
  await sendBody(socket, request.body, state);
  const text = await answer;
  socket.destroy();
  return text;
}

interface Windows {
  connectionWindow: number;
  streamWindow: number;
}

async function sendBody(socket: Socket, { wire, frameBytes }: DataFrames, windows: Windows) {
  for (let at = 0; at < wire.length && !socket.destroyed;) {
    const window = Math.min(windows.connectionWindow, windows.streamWindow);
    const count = Math.min(FRAMES_PER_WRITE, Math.floor(window / frameBytes));
    if (count > 0) {
      windows.connectionWindow -= count * frameBytes;
      windows.streamWindow -= count * frameBytes;
      const end = at + count * (HEADER_BYTES + frameBytes);
      await written(socket, wire.subarray(at, end));
      at = end;
    } else {
      await Promise.race([once(socket, "data"), once(socket, "close")]);
    }
  }
}

function readFrames(socket: Socket, windows: Windows): Promise<string> {
  let unread = Buffer.alloc(0);
  let text = "";
  return new Promise((resolve) => {
    socket.on("data", (chunk: Buffer) => {
      unread = Buffer.concat([unread, chunk]);
      while (
        unread.length >= HEADER_BYTES && unread.length >= HEADER_BYTES + unread.readUIntBE(0, 3)
      ) {
        const payload = unread.subarray(HEADER_BYTES, HEADER_BYTES + unread.readUIntBE(0, 3));
        const [type, flags, stream] = [unread[3], unread[4] ?? 0, unread.readUInt32BE(5)];
        unread = unread.subarray(HEADER_BYTES + payload.length);
        if (type === TYPE.settings && (flags & ACK) === 0) {
          applySettings(payload, windows);
          socket.write(frame(TYPE.settings, ACK, 0, Buffer.alloc(0)));
        } else if (type === TYPE.windowUpdate) {
          windows[stream === 0 ? "connectionWindow" : "streamWindow"] += payload.readUInt32BE(0);
        } else if (type === TYPE.data) {
          text += payload.toString();
          if (flags & END_STREAM) resolve(text);
        } else if (type === TYPE.rstStream || type === TYPE.goaway) {
          resolve(type === TYPE.goaway ? "goaway" : "reset");
          socket.destroy();
        }
      }
    });
    socket.on("close", () => resolve("closed"));
  });
}

/** Applies SETTINGS_INITIAL_WINDOW_SIZE (RFC 9113 §6.5.2); the other settings change nothing here. */
function applySettings(payload: Buffer, windows: Windows): void {
  for (let at = 0; at + 6 <= payload.length; at += 6) {
    if (payload.readUInt16BE(at) === 4) {
      windows.streamWindow += payload.readUInt32BE(at + 2) - INITIAL_WINDOW;
    }
  }
}

function frame(type: number, flags: number, stream: number, payload: Uint8Array): Buffer {
  const head = Buffer.alloc(HEADER_BYTES);
  head.writeUIntBE(payload.byteLength, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** Literal header fields without indexing, without Huffman coding (RFC 7541 §6.2.2). */
function headerBlock(headers: Record<string, string>): Buffer {
  const fields = Object.entries(headers).map(([name, value]) =>
    Buffer.concat([Buffer.from([0]), string(name), string(value)])
  );
  return Buffer.concat(fields);
}

/** A string literal: its length as an integer of a 7-bit prefix, then its bytes (RFC 7541 §5). */
function string(text: string): Buffer {
  const bytes = Buffer.from(text);
  if (bytes.length < 127) return Buffer.concat([Buffer.from([bytes.length]), bytes]);
  const length = [127];
  let rest = bytes.length - 127;
  for (; rest >= 128; rest >>= 7) length.push((rest & 127) | 128);
  return Buffer.concat([Buffer.from([...length, rest]), bytes]);
}
