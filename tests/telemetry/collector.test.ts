import { assert, assertEquals } from "@std/assert";
import { exportJson, type ExportOutcome } from "../../telemetry/collector.ts";
import { otlpTarget } from "../support/otlp_target.ts";

const BODY = new TextEncoder().encode('{"resourceSpans":[]}');

interface Collector extends AsyncDisposable {
  readonly url: string;
  /** Requests so far. */
  requests(): number;
}

/** A server that gives this answer to every request. */
function collector(answer: () => Response | Promise<Response>): Collector {
  let requests = 0;
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    requests++;
    await request.body?.cancel();
    return await answer();
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}/v1/traces`,
    requests: () => requests,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

async function outcomeOf(answer: () => Response | Promise<Response>): Promise<ExportOutcome> {
  await using target = collector(answer);
  return await exportJson({ target: otlpTarget(target.url), body: BODY, fetch });
}

for (const status of [301, 302, 303, 307, 308]) {
  Deno.test(`a ${status} is a refusal, and its Location is not followed`, async () => {
    await using other = collector(() => Response.json({}));
    const headers = { location: other.url };
    const outcome = await outcomeOf(() => new Response(null, { status, headers }));
    assertEquals(outcome, {
      retry: false,
      rejected: Infinity,
      retryAfterMs: 0,
      problem: { message: "collector refuses exports", status },
    });
    assertEquals(other.requests(), 0);
  });
}

/** Body of a 200 → how many spans were rejected. */
const RESPONSES: readonly [body: string, rejected: number][] = [
  ["", 0],
  ["{}", 0],
  ["null", 0],
  ["not JSON", 0],
  ['{"partialSuccess":null}', 0],
  ['{"partialSuccess":{}}', 0],
  ['{"partialSuccess":{"rejectedSpans":"0","errorMessage":"a warning"}}', 0],
  ['{"partialSuccess":{"rejectedSpans":"3"}}', 3],
  ['{"partialSuccess":{"rejectedSpans":3}}', 3],
  ['{"partialSuccess":{"rejectedSpans":"many"}}', 0],
  ['{"partialSuccess":{"rejectedSpans":"-3"}}', 0],
  [`{"filling":"${"x".repeat(100_000)}","partialSuccess":{"rejectedSpans":"3"}}`, 0],
];

for (const [body, rejected] of RESPONSES) {
  Deno.test(`a success with the body ${body.slice(0, 80) || "(none)"} has rejected ${rejected} spans`, async () => {
    const outcome = await outcomeOf(() => new Response(body));
    assertEquals([outcome.retry, outcome.rejected], [false, rejected]);
    assertEquals(outcome.problem !== undefined, rejected > 0);
  });
}

Deno.test("a partial success has the collector's message", async () => {
  const partialSuccess = { rejectedSpans: "1", errorMessage: "a span is too old" };
  const { problem } = await outcomeOf(() => Response.json({ partialSuccess }));
  assertEquals(problem, {
    message: "collector rejects part of the exports",
    reason: "a span is too old",
  });
});

Deno.test("a success whose body breaks off is a success", async () => {
  const body = new ReadableStream({
    pull(controller) {
      controller.enqueue(new TextEncoder().encode('{"partial'));
      controller.error(new Error("broken off"));
    },
  });
  const outcome = await exportJson({
    target: otlpTarget("http://collector.test/v1/traces"),
    body: BODY,
    fetch: () => Promise.resolve(new Response(body)),
  });
  assertEquals(outcome, { retry: false, rejected: 0, retryAfterMs: 0 });
});

Deno.test("no reason quotes the query of the URL, a header, a token or a number", async () => {
  const headers = { "x-key": "SEKRIT", authorization: "Bearer HIDDEN" };
  const errorMessage = "bad SEKRIT or HIDDEN: eyJhbGciOiJI.eyJz.c2ln of +46701234567, span 12";
  await using target = collector(() =>
    Response.json({ partialSuccess: { rejectedSpans: 1, errorMessage } })
  );
  const rejected = await exportJson({
    target: { ...otlpTarget(target.url), headers },
    body: BODY,
    fetch,
  });
  const shown = "bad REDACTED or REDACTED: REDACTED of +REDACTED, span 12";
  assertEquals(rejected.problem?.reason, shown);
  const url = `${target.url}?api-key=SEKRIT`;
  await target[Symbol.asyncDispose]();
  const unreachable = await exportJson({ target: otlpTarget(url), body: BODY, fetch });
  assert(unreachable.problem?.reason?.includes("/v1/traces"), unreachable.problem?.reason);
  assertEquals(unreachable.problem?.reason?.includes("SEKRIT"), false);
});

Deno.test("Retry-After may be a date", async () => {
  const headers = { "retry-after": new Date(Date.now() + 40_000).toUTCString() };
  const { retryAfterMs } = await outcomeOf(() => new Response(null, { status: 503, headers }));
  assert(retryAfterMs > 35_000 && retryAfterMs <= 40_000, `${retryAfterMs}`);
});

/** `Retry-After` of a 503 → the pause, in ms. */
const PAUSES: readonly [header: string, pauseMs: number][] = [
  ["7", 7_000],
  ["0", 0],
  ["99999999999", 60_000],
  ["-1", 0],
  ["soon", 0],
  ["Wed, 21 Oct 2026 07:28:00 GMT", 0],
];

for (const [header, pauseMs] of PAUSES) {
  Deno.test(`a 503 with Retry-After: ${header} gives a pause of ${pauseMs} ms`, async () => {
    const headers = { "retry-after": header };
    const outcome = await outcomeOf(() => new Response(null, { status: 503, headers }));
    assertEquals([outcome.retry, outcome.rejected, outcome.retryAfterMs], [true, 0, pauseMs]);
  });
}

Deno.test("a refused connection to the collector is reported as unreachable, with its cause", async () => {
  const target = collector(() => new Response());
  await target[Symbol.asyncDispose]();
  const { retry, rejected, problem } = await exportJson({
    target: otlpTarget(target.url),
    body: BODY,
    fetch,
  });
  assertEquals([retry, rejected, problem?.message], [true, 0, "collector unreachable"]);
  assert(problem?.reason?.includes("refused"), problem?.reason);
});
