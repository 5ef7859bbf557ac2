import { assert, assertEquals } from "@std/assert";
import { delay } from "@std/async/delay";
import { Buffer } from "node:buffer";
import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { connect, type Socket } from "node:net";
import { memoizeLast } from "../../telemetry/memoize_last.ts";
import { call, requestBytes } from "./kit/client.ts";
import type { Drill } from "./kit/drill.ts";
import { dataFrames, sendFramed } from "./kit/http2_frames.ts";
import { type GatewayProcess, PLAN, startGateway } from "./kit/gateway_process.ts";
import { MEMORY_LIMIT_MIB } from "./kit/memory_limit.ts";
import { rawUpstream } from "./kit/raw_upstream.ts";
import { peakMebibytes } from "./kit/resident.ts";
import { written } from "./kit/written.ts";

const BATCHES = `/xms/v1/${PLAN}/batches`;
const BODY_BYTES = 900_000;

/** Maximum growth, in MiB; bodies kept as views on the runtime's buffers needed 670 more. */
const MOST_MEBIBYTES = 300;

/** Longest latency of a probe, in ms. */
const SLOWEST_PROBE_MS = 2_000;

/** A valid body of this size. */
const batchOf = (bytes: number) => JSON.stringify({ body: "x".repeat(bytes - 11) });

/** Measures memory and probe latency until `work` settles. */
async function watch(gateway: GatewayProcess, work: Promise<unknown>) {
  const atStart = await gateway.mebibytes();
  let [isOver, most, slowest] = [false, atStart, 0];
  const end = () => void (isOver = true);
  void work.then(end, end);
  while (!isOver) {
    const { status, ms } = await call(gateway.port, "/livez", {});
    assertEquals(status, 200);
    slowest = Math.max(slowest, ms);
    most = Math.max(most, await gateway.mebibytes());
    await delay(20);
  }
  await work;
  const seen = `${Math.round(atStart)} → ${Math.round(most)} MiB, /livez within ${slowest} ms`;
  assert(most - atStart < MOST_MEBIBYTES && slowest < SLOWEST_PROBE_MS, seen);
  return seen;
}

/** Size of a body and of its chunks. */
interface Pieces {
  readonly bytes: number;
  /** Size of each HTTP/1.1 chunk or DATA frame. */
  readonly pieceBytes: number;
}

/** Size of a write, in bytes. */
const WRITE_BYTES = 32_768;

/** The chunked encoding of a body; memoized, since encoding would slow down this process. */
const chunked = memoizeLast(({ bytes, pieceBytes }: Pieces): Buffer => {
  const pieces = batchOf(bytes).match(new RegExp(`.{1,${pieceBytes}}`, "g")) ?? [];
  const chunks = pieces.map((piece) => `${piece.length.toString(16)}\r\n${piece}\r\n`);
  return Buffer.from(`${chunks.join("")}0\r\n\r\n`);
});

/** Sends a chunked body over HTTP/1.1; returns the status, and the code of an error. */
export async function sendChunked(gateway: GatewayProcess, pieces: Pieces) {
  const socket = connect({ port: gateway.port, host: "127.0.0.1", noDelay: true });
  socket.on("error", () => {});
  const answer = answerOf(socket);
  const headers = { "content-type": "application/json", "transfer-encoding": "chunked" };
  const { token } = gateway;
  socket.write(requestBytes(BATCHES, { method: "POST", token, headers }));
  const wire = chunked(pieces);
  for (let at = 0; at < wire.length && !socket.destroyed; at += WRITE_BYTES) {
    await written(socket, wire.subarray(at, at + WRITE_BYTES));
  }
  return await answer;
}

/** Sends a body with Content-Length over HTTP/1.1, each piece in a TCP segment of its own. */
export async function sendSegmented(gateway: GatewayProcess, { bytes, pieceBytes }: Pieces) {
  const socket = connect({ port: gateway.port, host: "127.0.0.1", noDelay: true });
  socket.on("error", () => {});
  const answer = answerOf(socket);
  const headers = { "content-type": "application/json", "content-length": String(bytes) };
  const { token } = gateway;
  socket.write(requestBytes(BATCHES, { method: "POST", token, headers }));
  const body = Buffer.from(batchOf(bytes));
  for (let at = 0; at < bytes; at += pieceBytes) {
    await written(socket, body.subarray(at, at + pieceBytes));
    await delay(0); // a segment each
  }
  return await answer;
}

/** The status and the code of a response; closes the connection. */
function answerOf(socket: Socket): Promise<string> {
  let text = "";
  return new Promise((resolve) => {
    socket.on("data", (chunk) => {
      text += chunk;
      const status = /^HTTP\/1\.1 (\d+)/.exec(text)?.[1];
      const code = /"code":"(\w+)"/.exec(text)?.[1];
      if (status === "201") resolve("201");
      else if (status && code) resolve(`${status} ${code}`);
    });
    socket.on("close", () => resolve("closed"));
  }).then((answer) => {
    socket.destroy();
    return String(answer);
  });
}

/** Sends a body over HTTP/2; the client may join small frames. */
async function sendFrames(gateway: GatewayProcess, { bytes, pieceBytes }: Pieces) {
  const session = connectHttp2(`http://127.0.0.1:${gateway.port}`);
  session.on("error", () => {});
  const authorization = `Bearer ${gateway.token}`;
  const headers = { authorization, "content-type": "application/json" };
  const request = session.request({ ":method": "POST", ":path": BATCHES, ...headers });
  let answer = "reset";
  request.on("response", (received) => answer = String(received[":status"]));
  request.on("error", () => {});
  request.resume();
  const closed = once(request, "close");
  const body = Buffer.from(batchOf(bytes));
  for (let at = 0; at < bytes && answer === "reset" && !request.closed; at += pieceBytes) {
    const isTaken = request.write(body.subarray(at, at + pieceBytes));
    if (!isTaken) await Promise.race([once(request, "drain"), closed, delay(1_000)]);
  }
  request.end();
  await Promise.race([closed, delay(10_000)]);
  session.destroy();
  return answer;
}

/** The DATA frames of a body, memoized for the same reason. */
const framed = memoizeLast(({ bytes, pieceBytes }: Pieces) =>
  dataFrames(Buffer.from(batchOf(bytes)), pieceBytes)
);

/** Sends a body over HTTP/2 in DATA frames of exactly the given size. */
async function sendTinyFrames(gateway: GatewayProcess, pieces: Pieces) {
  const answer = await sendFramed(gateway.port, {
    headers: {
      ":method": "POST",
      ":scheme": "http",
      ":authority": "gateway.test",
      ":path": BATCHES,
      authorization: `Bearer ${gateway.token}`,
      "content-type": "application/json",
    },
    body: framed(pieces),
  });
  const code = /"code":"(\w+)"/.exec(answer)?.[1];
  return code ? `400 ${code}` : answer;
}

type Send = (gateway: GatewayProcess, pieces: Pieces) => Promise<string>;

/** Sends `count` bodies at once; returns the set of responses, and a summary. */
async function sendAll(count: number, send: Send, pieces: Pieces): Promise<[Set<string>, string]> {
  await using upstream = await rawUpstream();
  await using gateway = await startGateway({ upstream: upstream.url });
  const all = Promise.all(Array.from({ length: count }, () => send(gateway, pieces)));
  const seen = await watch(gateway, all);
  const answers = await all;
  const whole = batchOf(pieces.bytes);
  assert(upstream.seen.every(({ body }) => body === whole), "a body went upstream changed");
  assertEquals(upstream.seen.length, answers.filter((answer) => answer === "201").length);
  return [new Set(answers), `${count} × ${[...new Set(answers)]}: ${seen}`];
}

async function honestSegments(): Promise<string> {
  const all: string[] = [];
  for (const pieceBytes of [536, 1_400]) {
    for (const send of [sendSegmented, sendChunked, sendFrames]) {
      const [answers, seen] = await sendAll(20, send, { bytes: BODY_BYTES, pieceBytes });
      assertEquals(answers, new Set(["201"]), `${send.name}, ${pieceBytes} bytes: ${seen}`);
      all.push(`${send.name} of ${pieceBytes} bytes: ${seen}`);
    }
  }
  return all.join("; ");
}

async function tinyPieces(): Promise<string> {
  const all: string[] = [];
  for (const send of [sendChunked, sendTinyFrames]) {
    for (const pieceBytes of [1, 16]) {
      const [answers, seen] = await sendAll(10, send, { bytes: BODY_BYTES, pieceBytes });
      for (const cut of ["closed", "goaway"]) answers.delete(cut);
      assertEquals(answers, new Set(["400 syntax_constraint_violation"]), seen);
      all.push(`${send.name} of ${pieceBytes} bytes: ${seen}`);
    }
  }
  return all.join("; ");
}

/** Content-Length, and the bytes that are sent. */
const HALF_SENT = [[131_072, 131_000], [65_536, 65_500], [16_384, 16_300]] as const;

const ROUNDS = 16;
const CONNECTIONS = 100;

/** Most growth in all, in MiB: without closing any, 28 for each hundred connections. */
const MOST_HELD_MEBIBYTES = 240;

/** Most growth of the later half, in MiB: 200 without closing any. */
const MOST_LATER_MEBIBYTES = 80;

async function refusedAndKept(): Promise<string> {
  const all: string[] = [];
  for (const [announced, sent] of HALF_SENT) {
    await using upstream = await rawUpstream();
    await using gateway = await startGateway({
      upstream: upstream.url,
      env: { REQUEST_BODY_TIMEOUT_MS: "500" },
    });
    const headers = { "content-type": "application/json", "content-length": String(announced) };
    const head = requestBytes(BATCHES, { method: "POST", token: gateway.token, headers });
    const sockets: Socket[] = [];
    const sizes = [await gateway.mebibytes()];
    let unanswered = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const answers = await Promise.all(Array.from({ length: CONNECTIONS }, async () => {
        const socket = connect({ port: gateway.port, host: "127.0.0.1" });
        socket.on("error", () => {});
        sockets.push(socket);
        socket.write(head.replace("connection: close", "connection: keep-alive"));
        socket.write("x".repeat(sent));
        const closed = once(socket, "close").then(() => "", () => "");
        const answer = once(socket, "data").catch(() => "");
        return String(await Promise.race([answer, closed])).slice(9, 12);
      }));
      const cut = answers.filter((answer) => answer === "").length;
      assert(cut < CONNECTIONS, `${cut} were not answered`);
      unanswered += cut;
      sizes.push(await gateway.mebibytes());
    }
    const { ms } = await call(gateway.port, "/livez", {});
    const open = sockets.filter((socket) => !socket.closed).length;
    for (const socket of sockets) socket.destroy();
    const [first = 0, half = 0, last = 0] = [0, ROUNDS / 2, ROUNDS].map((round) => sizes[round]);
    const seen =
      `${sent} of ${announced}: ${sizes.map(Math.round).join(" → ")} MiB, ${open} open, ` +
      `${unanswered} unanswered`;
    assert(last - first < MOST_HELD_MEBIBYTES && last - half < MOST_LATER_MEBIBYTES, seen);
    assert(open < ROUNDS * CONNECTIONS / 2 && ms < SLOWEST_PROBE_MS, seen);
    assertEquals(upstream.seen, []);
    all.push(seen);
  }
  return all.join("; ");
}

/** Almost MAX_IN_FLIGHT: 1,000 bodies of 64 KiB are almost MAX_HELD_BODY_BYTES. */
const INCOMPLETE = 900;

/** Content-Length, of the largest body that is read with one call and of one more, and the size of a segment. */
const ALMOST_SENT = [[65_536, 1_400], [65_536, 65_536], [65_537, 65_537]] as const;

async function lastByteMissing(): Promise<string> {
  const all: string[] = [];
  for (const [bytes, pieceBytes] of ALMOST_SENT) {
    await using upstream = await rawUpstream();
    await using gateway = await startGateway({
      upstream: upstream.url,
      env: {
        MAX_OUTSTANDING_PER_CALLER: String(INCOMPLETE),
        MAX_OUTSTANDING_PER_ROUTE: String(INCOMPLETE),
        REQUEST_BODY_TIMEOUT_MS: "60000",
      },
    });
    const { port, token } = gateway;
    const headers = { "content-type": "application/json", "content-length": String(bytes) };
    const head = requestBytes(BATCHES, { method: "POST", token, headers });
    const body = Buffer.from(batchOf(bytes));
    const connections = await Promise.all(Array.from({ length: INCOMPLETE }, async () => {
      const socket = connect({ port, host: "127.0.0.1", noDelay: true });
      socket.on("error", () => {});
      const answer = answerOf(socket);
      socket.write(head);
      for (let at = 0; at < bytes - 1; at += pieceBytes) {
        await written(socket, body.subarray(at, Math.min(at + pieceBytes, bytes - 1)));
        await delay(0); // a segment each
      }
      return { socket, answer };
    }));
    const held = Math.round(await gateway.mebibytes());
    for (const { socket } of connections) socket.write(body.subarray(bytes - 1));
    const answers = new Set(await Promise.all(connections.map(({ answer }) => answer)));
    const seen = `${INCOMPLETE} × ${bytes} bytes in segments of ${pieceBytes}: ${held} MiB`;
    assertEquals(answers, new Set(["201"]), seen);
    all.push(`${seen}, at most ${peakMebibytes(gateway.pid)}`); // compared when the scope ends
  }
  return all.join("; ");
}

/** Connections that stay open after a complete body, and how many send at once. */
const KEPT = 3_000;
const KEPT_AT_ONCE = 50;

/** `Content-Length` of a body that is read with one call, and of a larger one. */
const COMPLETE = [65_536, 131_072] as const;

/** Without closing any, 3,000 connections keep hundreds of MiB of Deno's buffers. */
async function completeAndKept(): Promise<string> {
  const all: string[] = [];
  for (const bytes of COMPLETE) {
    await using upstream = await rawUpstream();
    await using gateway = await startGateway({ upstream: upstream.url });
    const headers = { "content-type": "application/json", "content-length": String(bytes) };
    const head = requestBytes(BATCHES, { method: "POST", token: gateway.token, headers });
    const request = head.replace("connection: close", "connection: keep-alive") + batchOf(bytes);
    const sockets: Socket[] = [];
    const atStart = Math.round(await gateway.mebibytes());
    let unsent = 0; // closed with the idle connections before its request was read, or refused then
    const sendOnNew = async () => {
      const socket = connect({ port: gateway.port, host: "127.0.0.1" });
      socket.on("error", () => {});
      sockets.push(socket);
      socket.write(request);
      const closed = once(socket, "close").then(() => "", () => "");
      const answer = once(socket, "data").then(([data]) => String(data).slice(9, 12), () => "");
      const status = await Promise.race([answer, closed]);
      if (status === "" || status === "503") unsent++;
      else assertEquals(status, "201");
    };
    while (sockets.length < KEPT) {
      await Promise.all(Array.from({ length: KEPT_AT_ONCE }, sendOnNew));
    }
    assert(unsent < KEPT / 10, `${unsent} of ${KEPT} were not sent`);
    const { ms } = await call(gateway.port, "/livez", {});
    const open = sockets.filter((socket) => !socket.closed).length;
    for (const socket of sockets) socket.destroy();
    const seen = `${KEPT} × ${bytes} bytes: ${atStart} → ${
      Math.round(await gateway.mebibytes())
    } MiB, at most ${
      peakMebibytes(gateway.pid)
    }, ${open} open, ${unsent} not sent, /livez within ${ms} ms`;
    assert(ms < SLOWEST_PROBE_MS, seen);
    all.push(seen); // the memory is compared when the scope ends
  }
  return all.join("; ");
}

export default [
  {
    name: "bodies: honest segments",
    did:
      `20 bodies of ${BODY_BYTES} bytes at once, in segments, chunks and frames of 536 and 1,400`,
    promised: "all are forwarded whole; memory in proportion, probes are answered",
    run: honestSegments,
  },
  {
    name: "bodies: tiny pieces",
    did: `10 bodies of ${BODY_BYTES} bytes at once, in chunks and frames of 1 and 16 bytes`,
    promised: "400 after some thousand pieces, nothing forwarded; memory bounded, probes answered",
    run: tinyPieces,
  },
  {
    name: "bodies: refused and kept",
    did: `${ROUNDS} × ${CONNECTIONS} connections send an incomplete body, get 400 and stay open`,
    promised: "their connections are closed when there are many; memory is bounded",
    run: refusedAndKept,
  },
  {
    name: "bodies: last byte missing",
    did: `${INCOMPLETE} bodies of 64 KiB at once, all but the last byte, which then follows`,
    promised: `all are forwarded; the process stays under ${MEMORY_LIMIT_MIB} MiB`,
    run: lastByteMissing,
  },
  {
    name: "bodies: complete and kept",
    did: `${KEPT} connections send a complete body, get their answer, and stay open`,
    promised: `idle connections are closed; the process stays under ${MEMORY_LIMIT_MIB} MiB`,
    run: completeAndKept,
  },
] satisfies Drill[];
