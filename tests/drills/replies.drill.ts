import { assert, assertEquals } from "@std/assert";
import { delay } from "@std/async/delay";
import type { Answer } from "./kit/client.ts";
import type { Drill } from "./kit/drill.ts";
import { startGateway } from "./kit/gateway_process.ts";
import { until } from "./kit/until.ts";
import { rawUpstream, type Wire } from "./kit/raw_upstream.ts";

const TIMEOUT_MS = 1_000;
const IDLE_MS = 1_200;

/** undici checks its body timers twice a second; the rest is for a busy machine. */
const SLACK_MS = 1_400;

const HEAD = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
const CHUNK_64K = "x".repeat(64 * 1024);

/** Longest time that an idle connection is kept, in ms. */
const MAX_KEEP_ALIVE_MS = 6_000;

/** Writes a text at an interval until the connection is closed. */
async function trickle(wire: Wire, text: string, everyMs: number): Promise<void> {
  while (!wire.gone) {
    await wire.write(text);
    await delay(everyMs);
  }
}

/** A faulty reply, what the caller gets, and within how many ms. */
interface Case {
  readonly name: string;
  readonly does: (wire: Wire) => unknown;
  /** The code of the error; a number is the status of an answer that is forwarded. */
  readonly gets: string | number;
  readonly withinMs: number;
  /** Whether the caller gets the whole answer; default: true. */
  readonly whole?: boolean;
  /** Further assertions about the answer. */
  readonly also?: (answer: Answer) => void;
}

const lost = "upstream_connection_lost";
const late = "upstream_timeout";

const SUCCESSES: readonly Case[] = [
  {
    name: "status line, then nothing",
    does: (wire) => wire.write("HTTP/1.1 200 OK\r\n"),
    gets: late,
    withinMs: TIMEOUT_MS + 300,
  },
  {
    name: "a header byte every 50 ms",
    does: (wire) => wire.write(`${HEAD}x-slow: `).then(() => trickle(wire, "a", 50)),
    gets: late,
    withinMs: TIMEOUT_MS + 300,
  },
  {
    name: "103 responses without end",
    does: (wire) => trickle(wire, "HTTP/1.1 103 Early Hints\r\n\r\n", 20),
    gets: late,
    withinMs: TIMEOUT_MS + 300,
  },
  {
    name: "headers without end",
    does: (wire) => wire.write(HEAD).then(() => trickle(wire, `x-more: ${CHUNK_64K}\r\n`, 0)),
    gets: lost,
    withinMs: TIMEOUT_MS,
  },
  {
    name: "garbage",
    does: (wire) => wire.write("\x16\x03\x01 SSH-2.0 ?\r\n\r\n"),
    gets: lost,
    withinMs: TIMEOUT_MS,
  },
  {
    name: "two content lengths",
    does: (wire) => wire.write(`${HEAD}content-length: 2\r\ncontent-length: 7\r\n\r\n{}{"a":1}`),
    gets: lost,
    withinMs: TIMEOUT_MS,
  },
  {
    name: "content length and chunked encoding",
    does: (wire) =>
      wire.write(
        `${HEAD}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`,
      ),
    gets: lost,
    withinMs: TIMEOUT_MS,
  },
  {
    name: "a negative content length",
    does: (wire) => wire.write(`${HEAD}content-length: -1\r\n\r\n{}`),
    gets: lost,
    withinMs: TIMEOUT_MS,
  },
  {
    name: "body stalled below 64 KiB",
    does: (wire) => wire.write(`${HEAD}content-length: 100\r\n\r\n{"half":`),
    gets: late,
    withinMs: IDLE_MS + SLACK_MS,
  },
  {
    name: "body cut below 64 KiB",
    does: (wire) => wire.write(`${HEAD}content-length: 100\r\n\r\n{"half":`).then(wire.close),
    gets: lost,
    withinMs: TIMEOUT_MS,
  },
  {
    name: "chunks cut below 64 KiB",
    does: (wire) =>
      wire.write(`${HEAD}transfer-encoding: chunked\r\n\r\n8\r\n{"half":\r\n`).then(wire.close),
    gets: lost,
    withinMs: TIMEOUT_MS,
  },
  {
    name: "body cut beyond 64 KiB",
    does: (wire) =>
      wire.write(`${HEAD}content-length: 999999\r\n\r\n${CHUNK_64K}${CHUNK_64K}`).then(wire.close),
    gets: 200,
    whole: false,
    withinMs: TIMEOUT_MS,
  },
  {
    name: "chunks cut beyond 64 KiB",
    does: (wire) =>
      wire.write(`${HEAD}transfer-encoding: chunked\r\n\r\n20000\r\n${CHUNK_64K}${CHUNK_64K}\r\n`)
        .then(wire.close),
    gets: 200,
    whole: false,
    withinMs: TIMEOUT_MS,
  },
  {
    name: "chunks reset beyond 64 KiB",
    does: (wire) =>
      wire.write(`${HEAD}transfer-encoding: chunked\r\n\r\n20000\r\n${CHUNK_64K}${CHUNK_64K}\r\n`)
        .then(() => delay(50)).then(wire.reset),
    gets: 200,
    whole: false,
    withinMs: TIMEOUT_MS,
  },
  {
    name: "body stalled beyond 64 KiB",
    does: (wire) => wire.write(`${HEAD}content-length: 999999\r\n\r\n${CHUNK_64K}${CHUNK_64K}`),
    gets: 200,
    whole: false,
    withinMs: IDLE_MS + SLACK_MS,
  },
  {
    name: "a body in pieces, each in time",
    does: async (wire) => {
      await wire.write(`${HEAD}content-length: 5\r\n\r\n`);
      for (const byte of `"abc"`) await delay(IDLE_MS / 3).then(() => wire.write(byte));
    },
    gets: 200,
    withinMs: 5 * IDLE_MS,
    also: ({ text }) => assertEquals(text, '"abc"'),
  },
];

const ERRORS: readonly Case[] = [
  {
    name: "an error body without end",
    does: (wire) => flood(wire),
    gets: "internal_error",
    withinMs: TIMEOUT_MS,
  },
  {
    name: "an error body, a byte every 50 ms",
    does: (wire) =>
      wire.write("HTTP/1.1 403 No\r\ncontent-length: 99999\r\n\r\n").then(() =>
        trickle(wire, "a", 50)
      ),
    gets: "forbidden",
    withinMs: IDLE_MS + SLACK_MS,
  },
  {
    name: "an error body that stalls",
    does: (wire) => wire.write('HTTP/1.1 400 No\r\ncontent-length: 99\r\n\r\n{"code":'),
    gets: "syntax_constraint_violation",
    withinMs: IDLE_MS + SLACK_MS,
  },
  {
    name: "an error body that is cut",
    does: (wire) =>
      wire.write('HTTP/1.1 400 No\r\ncontent-length: 99\r\n\r\n{"code":').then(() => delay(50))
        .then(wire.reset),
    gets: "syntax_constraint_violation",
    withinMs: TIMEOUT_MS,
  },
];

/** Far more than the 64 KiB that the gateway reads. */
const FLOOD_BYTES = 200 * 1024 * 1024;

/** Bytes of the latest flood that were written before the gateway closed the connection. */
let flooded = 0;

async function flood(wire: Wire): Promise<void> {
  flooded = 0;
  await wire.write(`HTTP/1.1 500 No\r\ncontent-length: ${FLOOD_BYTES}\r\n\r\n`);
  while (!wire.gone && flooded < FLOOD_BYTES) {
    await wire.write(CHUNK_64K);
    flooded += CHUNK_64K.length;
  }
}

async function provoke(cases: readonly Case[]): Promise<string> {
  let current: Case | undefined;
  await using upstream = await rawUpstream({ onRequest: (_, wire) => void current?.does(wire) });
  await using gateway = await startGateway({
    upstream: upstream.url,
    env: {
      UPSTREAM_TIMEOUT_MS: String(TIMEOUT_MS),
      UPSTREAM_IDLE_TIMEOUT_MS: String(IDLE_MS),
      BREAKER_FAILURES: "0",
    },
  });
  let slowest = 0;
  for (current of cases) {
    const { name, gets, withinMs, whole = true, also } = current;
    const answer = await gateway.post("hello");
    const got = answer.status >= 400 ? answer.code : answer.status;
    assertEquals([got, answer.whole], [gets, whole], name);
    if (typeof gets === "string") assert(answer.headers["x-error-origin"], name);
    assert(answer.ms <= withinMs, `${name}: ${answer.ms} ms, promised ${withinMs}`);
    also?.(answer);
    slowest = Math.max(slowest, answer.ms);
  }
  await until(
    "the upstream connections are closed",
    () => upstream.connections().now === 0,
    MAX_KEEP_ALIVE_MS,
  );
  return `${cases.length} faulty replies, each handled as promised; the slowest answer took ${slowest} ms`;
}

/** Bytes that socket buffers may hold when the gateway stops reading. */
const FLOOD_LIMIT_BYTES = 16 * 1024 * 1024;

async function provokeErrors(): Promise<string> {
  const seen = await provoke(ERRORS);
  assert(flooded < FLOOD_LIMIT_BYTES, `${flooded} bytes of an error were taken`);
  return `${seen}; of 200 MiB ${Math.round(flooded / 1024)} KiB were written by the upstream`;
}

export default [
  {
    name: "replies: stalled, cut, garbled",
    did: "no bytes, few bytes, endless headers, garbage, wrong lengths, bodies cut and stalled",
    promised:
      "502 or 504 by the contract, in time; a truncated body is never delivered as complete",
    run: () => provoke(SUCCESSES),
  },
  {
    name: "replies: error bodies",
    did: "error bodies that are endless, very slow, stalled or cut",
    promised: "the upstream's error is answered in time, from at most 64 KiB",
    run: provokeErrors,
  },
] satisfies Drill[];
