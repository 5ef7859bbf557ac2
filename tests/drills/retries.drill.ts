import { assert, assertEquals } from "@std/assert";
import { startCollector } from "./kit/collector.ts";
import type { Drill } from "./kit/drill.ts";
import { PLAN, startGateway } from "./kit/gateway_process.ts";
import { closedPort, rawUpstream, type Wire } from "./kit/raw_upstream.ts";
import { until } from "./kit/until.ts";

const METHODS = ["GET", "PUT", "DELETE", "POST"] as const;
const BATCH = "/batches/01FC66621XXXXX119Z8PMV1QPQ";

/** How every attempt ends → how often each method is sent, with two retries allowed. */
const MATRIX: Readonly<Record<string, { does: (wire: Wire) => void; post: number; rest: number }>> =
  {
    "503": { does: (wire) => wire.reply(503, {}), rest: 3, post: 1 },
    "connection cut": { does: (wire) => wire.reset(), rest: 3, post: 1 },
    "cut within the answer": {
      does: (wire) => void wire.write("HTTP/1.1 200 OK\r\ncontent-le").then(wire.close),
      rest: 3,
      post: 1,
    },
    "timeout": { does: () => {}, rest: 1, post: 1 },
    "500": { does: (wire) => wire.reply(500, {}), rest: 1, post: 1 },
    "429": { does: (wire) => wire.reply(429, {}), rest: 1, post: 1 },
  };

const withBody = (method: string) => method === "GET" || method === "DELETE" ? {} : { json: {} };

async function matrix(): Promise<string> {
  const seen: string[] = [];
  for (const [name, { does, rest, post }] of Object.entries(MATRIX)) {
    await using upstream = await rawUpstream({ onRequest: (_, wire) => does(wire) });
    await using gateway = await startGateway({
      upstream: upstream.url,
      env: { UPSTREAM_TIMEOUT_MS: "700", BREAKER_FAILURES: "0" },
    });
    const counts: number[] = [];
    for (const method of METHODS) {
      const before = upstream.seen.length;
      await gateway.call(BATCH, { method, ...withBody(method) });
      counts.push(upstream.seen.length - before);
    }
    assertEquals(counts, [rest, rest, rest, post], name);
    seen.push(`${name} ${counts.join("/")}`);
  }
  return `sent by GET/PUT/DELETE/POST: ${seen.join(", ")}`;
}

async function spans(): Promise<string> {
  await using collector = startCollector();
  await using gateway = await startGateway({
    upstream: `http://127.0.0.1:${closedPort()}`,
    env: { OTLP_ENDPOINT: collector.url },
  });
  const { status, code } = await gateway.post("refused");
  await until("four spans", () => collector.spans.length >= 4);
  const counts = collector.spans.filter(({ kind }) => kind === "CLIENT").map(({ attributes }) =>
    attributes["http.request.resend_count"]
  );
  assertEquals([status, code], [503, "upstream_unreachable"]);
  assertEquals(counts, [undefined, 1, 2]);
  assertEquals(new Set(collector.spans.map(({ traceId }) => traceId)).size, 1);
  return `503 ${code}; one SERVER and 3 CLIENT spans in one trace, resend_count none, 1, 2`;
}

/** `Retry-After` of the first answer → shortest pause until the retry; undefined: no retry. */
const RETRY_AFTER: readonly [name: string, value: () => string, minPauseMs: number | undefined][] =
  [
    ["1 s", () => "1", 1_000],
    ["a date", () => new Date(Date.now() + 2_500).toUTCString(), 1_400],
    ["60 s", () => "60", undefined],
    ["a distant date", () => new Date(Date.now() + 3_600_000).toUTCString(), undefined],
    ["99999999 s", () => "99999999", undefined],
  ];

async function retryAfter(): Promise<string> {
  let header = "";
  await using upstream = await rawUpstream({
    onRequest: ({ nth }, wire) =>
      nth === 1 ? wire.reply(503, {}, { "retry-after": header }) : wire.reply(200, {}),
  });
  const seen: string[] = [];
  for (const [name, value, minPauseMs] of RETRY_AFTER) {
    await using gateway = await startGateway({ upstream: upstream.url });
    header = value();
    const before = upstream.seen.length;
    const answer = await gateway.call("/batches");
    const [first, second] = upstream.seen.slice(before);
    if (minPauseMs === undefined) {
      assertEquals([answer.status, answer.headers["retry-after"], second], [
        503,
        header,
        undefined,
      ]);
      seen.push(`${name}: not tried again`);
    } else {
      const pause = Math.round((second?.at ?? 0) - (first?.at ?? 0));
      assert(pause >= minPauseMs, `${name}: again after ${pause} ms`);
      assertEquals(answer.status, 200);
      seen.push(`${name}: again after ${pause} ms`);
    }
  }
  return seen.join(", ");
}

const DEADLINE_MS = 1_500;

/** Upstreams that are slow at each attempt. */
const SLOW: Readonly<Record<string, { does: (nth: number, wire: Wire) => void; ends: number[] }>> =
  {
    "503 after 600 ms each": {
      does: (_, wire) => void setTimeout(() => wire.reply(503, {}), 600),
      ends: [503, 504], // 504 if the deadline expires during the last attempt
    },
    "503, then no answer": {
      does: (total, wire) => void (total === 1 && wire.reply(503, {})),
      ends: [504],
    },
    "cut after 700 ms each": {
      does: (_, wire) => void setTimeout(() => wire.reset(), 700),
      ends: [502, 504],
    },
  };

async function oneDeadline(): Promise<string> {
  const seen: string[] = [];
  for (const [name, { does, ends }] of Object.entries(SLOW)) {
    let total = 0;
    await using upstream = await rawUpstream({ onRequest: (_, wire) => does(++total, wire) });
    await using gateway = await startGateway({
      upstream: upstream.url,
      env: { UPSTREAM_TIMEOUT_MS: String(DEADLINE_MS), RETRY_ATTEMPTS: "10" },
    });
    const { ms, status } = await gateway.call("/batches");
    assert(ends.includes(status), `${name}: ${status}`);
    assert(ms < DEADLINE_MS + 300, `${name}: answered after ${ms} ms`);
    seen.push(`${name}: ${ms} ms`);
  }
  // The first attempt is 503; the second needs a new connection, whose TLS handshake never ends.
  await using unresponsive = await rawUpstream({ onRequest() {} });
  await using gateway = await startGateway({
    upstream: unresponsive.url.replace("http:", "https:"),
    env: { UPSTREAM_TIMEOUT_MS: String(DEADLINE_MS), RETRY_ATTEMPTS: "10" },
  });
  const { ms, code } = await gateway.call("/batches");
  assertEquals(code, "upstream_unreachable");
  assert(ms < DEADLINE_MS + 300, `TLS handshake that never ends: answered after ${ms} ms`);
  return `${seen.join(", ")}, TLS handshake that never ends: ${ms} ms`;
}

const REQUESTS = 400;

async function budget(): Promise<string> {
  await using upstream = await rawUpstream({ onRequest: (_, wire) => wire.reply(503, {}) });
  await using gateway = await startGateway({
    upstream: upstream.url,
    env: { BREAKER_FAILURES: "0", RETRY_ATTEMPTS: "5" },
  });
  for (let sent = 0; sent < REQUESTS; sent += 20) {
    await Promise.all(Array.from({ length: 20 }, () => gateway.call("/batches")));
  }
  const extra = upstream.seen.length - REQUESTS;
  assert(extra <= REQUESTS / 10 + 10, `${extra} retries for ${REQUESTS} requests`);
  return `${REQUESTS} requests, ${extra} retries`;
}

async function off(): Promise<string> {
  await using upstream = await rawUpstream({ onRequest: (_, wire) => wire.reset() });
  await using gateway = await startGateway({
    upstream: upstream.url,
    env: { RETRY_ATTEMPTS: "0" },
  });
  for (const method of METHODS) await gateway.call(BATCH, { method, ...withBody(method) });
  assertEquals(upstream.seen.length, METHODS.length);
  assert(upstream.seen.every(({ target }) => target.startsWith(`/xms/v1/${PLAN}/`)));
  return "each of GET, PUT, DELETE and POST was sent once";
}

export default [
  {
    name: "retries: matrix",
    did: "every attempt fails, in each way in turn, for each method",
    promised: "GET, PUT and DELETE are sent again if that can help, a POST never",
    run: matrix,
  },
  {
    name: "retries: spans",
    did: "nothing listens on the upstream's port; one POST",
    promised: "tried again, since nothing was sent; a span per attempt with its resend_count",
    run: spans,
  },
  {
    name: "retries: Retry-After",
    did: "503 with Retry-After in seconds, as a date, and beyond the deadline",
    promised: "no retry earlier than asked; if the deadline is earlier, the 503 at once",
    run: retryAfter,
  },
  {
    name: "retries: one deadline",
    did: "slow failures, with ten retries allowed and 1500 ms",
    promised: "answered within UPSTREAM_TIMEOUT_MS, including retries and connecting",
    run: oneDeadline,
  },
  {
    name: "retries: budget",
    did: "400 GETs while every answer is 503, five retries allowed each",
    promised: "retries add at most a tenth to the load, plus ten at the start",
    run: budget,
  },
  {
    name: "retries: off",
    did: "RETRY_ATTEMPTS=0, every connection cut",
    promised: "nothing is sent again",
    run: off,
  },
] satisfies Drill[];
