import { assert, assertEquals } from "@std/assert";
import { delay } from "@std/async/delay";
import { connect } from "node:net";
import { requestBytes, sendRaw } from "./kit/client.ts";
import type { Drill } from "./kit/drill.ts";
import { type GatewayProcess, PLAN, startGateway } from "./kit/gateway_process.ts";
import { answerWell, rawUpstream } from "./kit/raw_upstream.ts";
import { until } from "./kit/until.ts";

const BATCHES = `/xms/v1/${PLAN}/batches`;
const BODY_TIMEOUT_MS = 1_500;

/** A POST that announces 1000 bytes and sends nine. */
const halfSent = (token: string) =>
  requestBytes(BATCHES, {
    method: "POST",
    token,
    headers: { "content-type": "application/json", "content-length": "1000" },
  }) + '{"body":"';

/** The slowest of some requests of another caller, in ms; all must succeed. */
async function slowestOf(gateway: GatewayProcess, count: number): Promise<number> {
  const token = await gateway.issuer.token({ subject: "another" });
  let slowest = 0;
  for (let i = 0; i < count; i++) {
    const { status, ms } = await gateway.call("/batches", { token });
    assertEquals(status, 200);
    slowest = Math.max(slowest, ms);
  }
  return slowest;
}

async function halfBodies(): Promise<string> {
  await using upstream = await rawUpstream();
  await using gateway = await startGateway({
    upstream: upstream.url,
    env: {
      REQUEST_BODY_TIMEOUT_MS: String(BODY_TIMEOUT_MS),
      MAX_IN_FLIGHT: "100",
      MAX_OUTSTANDING_PER_CALLER: "20",
    },
  });
  const stuck = Array.from(
    { length: 200 },
    () => sendRaw(gateway.port, halfSent(gateway.token), { timeoutMs: BODY_TIMEOUT_MS + 2_000 }),
  );
  await delay(300);
  const slowest = await slowestOf(gateway, 20);
  const answers = await Promise.all(stuck);
  const counts: Record<string, number> = {};
  for (const { status, code, ms } of answers) {
    assert(status > 0 && ms < BODY_TIMEOUT_MS + 1_000, `answered after ${ms} ms`);
    counts[`${status} ${code}`] = (counts[`${status} ${code}`] ?? 0) + 1;
  }
  assert(upstream.seen.every(({ method }) => method === "GET"), "half a body was forwarded");
  return `200 half-sent bodies of one caller: ${JSON.stringify(counts)}; ` +
    `another caller was answered within ${slowest} ms`;
}

const LONG = 40 * 1024 * 1024;

async function slowReaders(): Promise<string> {
  await using upstream = await rawUpstream({
    async onRequest(request, wire) {
      if (!request.target.includes("page=long")) return answerWell(request, wire);
      await wire.write(`HTTP/1.1 200 OK\r\ncontent-length: ${LONG}\r\n\r\n`);
      for (let sent = 0; sent < LONG && !wire.gone; sent += 65_536) {
        await wire.write("x".repeat(65_536));
      }
    },
  });
  await using gateway = await startGateway({
    upstream: upstream.url,
    env: {
      UPSTREAM_IDLE_TIMEOUT_MS: "1500",
      REQUEST_BODY_TIMEOUT_MS: "1500",
      MAX_OUTSTANDING_PER_ROUTE: "40",
    },
  });
  const readers = Array.from({ length: 20 }, () => {
    const socket = connect({ port: gateway.port, host: "127.0.0.1" });
    socket.on("error", () => {});
    socket.write(requestBytes(`${BATCHES}?page=long`, { token: gateway.token }));
    socket.pause();
    return socket;
  });
  try {
    await until("all requests are outstanding", () => upstream.seen.length === 20);
    await delay(500);
    const memoryMiB = Math.round(await gateway.mebibytes());
    const slowest = await slowestOf(gateway, 20);
    const from = performance.now();
    await until(
      "all slots are released",
      async () => await gateway.metric("sms_gateway_outstanding_requests") === 0,
      15_000,
    );
    const ms = Math.round(performance.now() - from);
    await until(
      "the upstream connections are closed",
      () => upstream.connections().now <= 2,
      5_000,
    );
    return `20 callers that do not read 40 MiB each: another caller was answered within ${slowest} ms, ` +
      `${memoryMiB} MiB resident; connections closed after about ${ms + 500} ms`;
  } finally {
    for (const socket of readers) socket.destroy();
  }
}

/** How fast a caller reads, and the gateway's settings for it. */
interface SlowReading {
  readonly mebibytes: number;
  /** Pause after each chunk, in ms. */
  readonly pauseMs: number;
  readonly env: Record<string, string>;
}

/** A caller that reads slowly gets the whole answer. */
async function readSlowly({ mebibytes, pauseMs, env }: SlowReading): Promise<string> {
  const size = mebibytes * 1024 * 1024;
  await using upstream = await rawUpstream({
    onRequest: (_, wire) => wire.reply(200, "x".repeat(size)),
  });
  await using gateway = await startGateway({ upstream: upstream.url, env });
  const socket = connect({ port: gateway.port, host: "127.0.0.1" });
  let got = 0;
  socket.on("data", (chunk) => {
    got += chunk.length;
    socket.pause();
    setTimeout(() => socket.resume(), pauseMs);
  });
  const closed = new Promise((resolve) => socket.once("close", resolve));
  const from = performance.now();
  socket.write(requestBytes(BATCHES, { token: gateway.token }));
  await closed;
  const seconds = ((performance.now() - from) / 1_000).toFixed(1);
  assert(got > size, `${got} of ${size} bytes`);
  const settings = Object.entries(env).map((setting) => setting.join("=")).join();
  return `${mebibytes} MiB read in ${seconds} s, with ${settings}: whole`;
}

async function hungUp(): Promise<string> {
  const ends: Record<string, "answered" | "cut"> = {};
  await using upstream = await rawUpstream({
    async onRequest(request, wire) {
      const key = `${request.method}${request.nth}${request.at}`;
      await delay(600);
      ends[key] = wire.gone ? "cut" : "answered";
      answerWell(request, wire);
    },
  });
  await using gateway = await startGateway({ upstream: upstream.url });
  for (let i = 0; i < 5; i++) {
    await Promise.all([
      gateway.post("hello", { hangUpAfterMs: 200 }),
      gateway.call("/batches", { hangUpAfterMs: 200 }),
    ]);
  }
  await until("ten requests have ended", () => Object.keys(ends).length === 10);
  for (const [key, end] of Object.entries(ends)) {
    assertEquals(end, key.startsWith("POST") ? "answered" : "cut", key);
  }
  assertEquals(upstream.seen.length, 10, "sent again");
  return "5 of 5 POSTs were completed upstream, 5 of 5 GETs were cancelled upstream";
}

export default [
  {
    name: "callers: half-sent bodies",
    did: "200 connections of one caller that announce a body and do not send all of it",
    promised: "refused within REQUEST_BODY_TIMEOUT_MS, not forwarded; other callers are served",
    run: halfBodies,
  },
  {
    name: "callers: slow readers",
    did: "20 callers that ask for 40 MiB and do not read",
    promised: "memory stays low, other callers are served, the connections are closed",
    run: slowReaders,
  },
  {
    name: "callers: very slow readers",
    did: "a caller that reads a long answer at a few hundred kilobytes per second",
    promised: "gets the whole answer",
    // The kernel reports progress only once a third of a buffer of some megabytes has been read.
    run: () => readSlowly({ mebibytes: 12, pauseMs: 80, env: { REQUEST_BODY_TIMEOUT_MS: "1000" } }),
  },
  {
    name: "callers: readers slower than the idle timeout",
    did: "a caller that reads slowly but steadily, for longer than the idle timeout",
    promised: "gets the whole answer",
    run: () => readSlowly({ mebibytes: 3, pauseMs: 60, env: { UPSTREAM_IDLE_TIMEOUT_MS: "1000" } }),
  },
  {
    name: "callers: hang-ups",
    did: "callers hang up while the upstream processes their requests",
    promised: "a POST is completed, a GET is cancelled, nothing is sent again",
    run: hungUp,
  },
] satisfies Drill[];
