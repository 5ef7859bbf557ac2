import { ROOT_CONTEXT, SpanKind, trace, TraceFlags, type Tracer } from "@opentelemetry/api";
import { BasicTracerProvider, SamplingDecision } from "@opentelemetry/sdk-trace-base";
import { assert, assertEquals } from "@std/assert";
import { ByteBudget } from "../../limits/byte_budget.ts";
import { MAX_WAITING_SPAN_BYTES, SpanExporter } from "../../telemetry/span_exporter.ts";
import { otlpTarget } from "../support/otlp_target.ts";

const URL = "http://collector.test/v1/traces";

/** How a collector answers one export. */
type Answer = (init: RequestInit) => number | Response | Promise<number>;

interface Kit {
  readonly exporter: SpanExporter;
  readonly tracer: Tracer;
  /** The names of the spans of each attempted export. */
  readonly exports: string[][];
  /** The budget of the waiting bytes. */
  readonly budget: ByteBudget;
  /** The bytes of each attempted export. */
  readonly sizes: number[];
  /** Ends a number of spans, with an attribute of a length if that is not 0. */
  end(count: number, length?: number): void;
}

/** An exporter to a collector with these answers; default: 200. */
function kit(
  answer: Answer = () => 200,
  { sampled = true, budget = new ByteBudget(MAX_WAITING_SPAN_BYTES) }: {
    sampled?: boolean;
    budget?: ByteBudget | undefined;
  } = {},
): Kit {
  const sizes: number[] = [];
  const exports: string[][] = [];
  const decoder = new TextDecoder();
  const exporter = new SpanExporter({
    target: otlpTarget(URL),
    resource: { "service.name": "test" },
    budget,
    fetch: async (_, init = {}) => {
      const { resourceSpans } = JSON.parse(decoder.decode(init.body as Uint8Array));
      sizes.push((init.body as Uint8Array).byteLength);
      exports.push(resourceSpans[0].scopeSpans[0].spans.map(({ name }: { name: string }) => name));
      const answered = await answer(init);
      return answered instanceof Response ? answered : new Response(null, { status: answered });
    },
  });
  const decision = sampled ? SamplingDecision.RECORD_AND_SAMPLED : SamplingDecision.RECORD;
  const provider = new BasicTracerProvider({
    spanProcessors: [exporter],
    sampler: { shouldSample: () => ({ decision }), toString: () => "" },
  });
  const tracer = provider.getTracer("test");
  let ended = 0;
  return {
    exporter,
    tracer,
    exports,
    budget,
    sizes,
    end(count, length = 0) {
      const attributes = length > 0 ? { filling: "x".repeat(length) } : {};
      for (let index = 0; index < count; index++) {
        tracer.startSpan(`span ${ended++}`, { attributes }).end();
      }
    },
  };
}

const down: Answer = () => Promise.reject(new TypeError("connection refused"));

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 10));
}

Deno.test("spans are exported together within about a second", async () => {
  const { end, exports, exporter } = kit();
  end(3);
  assertEquals(exports, []);
  const startedAt = performance.now();
  await until(() => exports.length > 0);
  assert(performance.now() - startedAt < 2_000);
  assertEquals(exports, [["span 0", "span 1", "span 2"]]);
  await exporter.shutdown();
  assertEquals(exports.length, 1);
});

Deno.test("a full batch is exported at once, and spans that end meanwhile follow it", async () => {
  const { end, exports, exporter } = kit();
  end(4_500);
  await exporter.forceFlush();
  assertEquals(exports.map((names) => names.length), [2_000, 2_000, 500]);
  assertEquals(new Set(exports.flat()).size, 4_500);
  assertEquals(exporter.dropped, 0);
  await exporter.shutdown();
});

for (const status of [429, 502, 503, 504]) {
  Deno.test(`after ${status} the same batch is sent again`, async () => {
    const answers = [status, 200];
    const { end, exports, exporter } = kit(() => answers.shift() ?? 200);
    end(1);
    await exporter.forceFlush();
    await exporter.forceFlush();
    assertEquals([exports, exporter.dropped], [[["span 0"], ["span 0"]], 0]);
    await exporter.shutdown();
  });
}

for (const status of [302, 307, 400, 401, 404, 413, 500]) {
  Deno.test(`after ${status} a batch is dropped and counted, and the next one is exported`, async () => {
    const answers = [status, 200];
    const { end, exports, exporter } = kit(() => answers.shift() ?? 200);
    end(3);
    await exporter.forceFlush();
    end(1);
    await exporter.forceFlush();
    assertEquals([exports.length, exporter.dropped], [2, 3]);
    await exporter.shutdown();
  });
}

Deno.test("spans rejected in a partial success are counted, at most as many as were sent", async () => {
  const rejections = ["3", 1_000_000];
  const { end, exporter } = kit(() => {
    const rejectedSpans = rejections.shift() ?? 0;
    return Response.json({ partialSuccess: { rejectedSpans } });
  });
  for (const dropped of [3, 13, 13]) {
    end(10);
    await exporter.forceFlush();
    assertEquals(exporter.dropped, dropped);
  }
  await exporter.shutdown();
});

Deno.test("no export is attempted during the pause that a collector asked for", async () => {
  const { end, exports, exporter } = kit(() => {
    return new Response(null, { status: 503, headers: { "retry-after": "60" } });
  });
  end(1);
  await until(() => exports.length === 1);
  end(4_500); // full batches do not end the pause
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  assertEquals(exports.length, 1);
  await exporter.shutdown();
});

Deno.test("a collector that recovers gets all spans in order, those that ended meanwhile in one batch", async () => {
  let isUp = false;
  const { end, exports, exporter } = kit((init) => isUp ? 200 : down(init));
  for (let tries = 1; tries <= 2; tries++) {
    end(1);
    await until(() => exports.length === tries);
  }
  end(1);
  isUp = true;
  await until(() => exports.flat().includes("span 2"));
  assertEquals(exports, [["span 0"], ["span 0"], ["span 0"], ["span 1", "span 2"]]);
  await exporter.shutdown();
});

Deno.test("a few spans during a long outage are kept through any number of attempts", async () => {
  let isUp = false;
  const { end, exports, exporter } = kit((init) => isUp ? 200 : down(init));
  for (let tries = 0; tries < 100; tries++) {
    end(1);
    await exporter.forceFlush();
  }
  assertEquals(exporter.dropped, 0);
  isUp = true;
  exports.length = 0;
  await exporter.forceFlush();
  assertEquals(exports.flat(), Array.from({ length: 100 }, (_, index) => `span ${index}`));
  await exporter.shutdown();
});

/** Extra characters per span, the limit in bytes, and a number of spans that exceeds it. */
const FILLINGS: readonly [length: number, limit: number, count: number][] = [
  [0, 1024 * 1024, 6_000],
  [10_000, MAX_WAITING_SPAN_BYTES, 4_000],
];

for (const [length, limit, count] of FILLINGS) {
  Deno.test(`while the collector is down ${limit} bytes of spans are held, the rest is counted as dropped (${length} extra characters)`, async () => {
    let isUp = false;
    const answer: Answer = (init) => isUp ? 200 : down(init);
    const { end, exports, sizes, exporter, budget } = kit(answer, {
      budget: limit === MAX_WAITING_SPAN_BYTES ? undefined : new ByteBudget(limit),
    });
    end(count, length);
    await exporter.forceFlush();
    const waiting = count - exporter.dropped;
    assert(exporter.dropped > count / 10 && waiting > count / 10, `${exporter.dropped} dropped`);
    isUp = true;
    exports.length = sizes.length = 0;
    await exporter.forceFlush();
    const bytes = sizes.reduce((sum, size) => sum + size, 0);
    assert(bytes <= limit + 100, `${bytes} bytes waited`); // plus the suffixes of the batches
    assert(bytes > limit * 0.99, `${bytes} bytes waited`);
    assertEquals([new Set(exports.flat()).size, budget.used], [waiting, 0]);
    end(1);
    await exporter.shutdown();
    assertEquals([exports.at(-1), exporter.dropped], [[`span ${count}`], count - waiting]);
  });
}

Deno.test("a batch of 4 MiB is exported at once, however few spans it has", async () => {
  const { end, sizes, exporter } = kit();
  end(200, 64 * 1024);
  await exporter.forceFlush();
  assertEquals(sizes.length, 4);
  for (const size of sizes) assert(size < 4.2 * 1024 * 1024, `${size} bytes`);
  await exporter.shutdown();
});

Deno.test("unsampled traces stay within the budget, and only spans that would have been exported count as dropped", async () => {
  const budget = new ByteBudget(20_000);
  const { tracer, exports, exporter } = kit(undefined, { sampled: false, budget });
  const filling = "x".repeat(4_000);
  const servers = [500, 200].map((status) => {
    const server = tracer.startSpan("server", { kind: SpanKind.SERVER });
    const inside = trace.setSpan(ROOT_CONTEXT, server);
    for (let tries = 0; tries < 4; tries++) {
      const options = { kind: SpanKind.CLIENT, attributes: { filling } };
      tracer.startSpan(`try ${tries}`, options, inside).end();
    }
    return server.setAttribute("http.response.status_code", status);
  });
  assert(budget.used > 16_000 && budget.used <= 20_000, `${budget.used} bytes`);
  servers[1]?.end();
  assertEquals(exporter.dropped, 0);
  const [failed] = servers;
  const inside = trace.setSpan(ROOT_CONTEXT, failed ?? tracer.startSpan("none"));
  for (let tries = 4; tries < 6; tries++) {
    const options = { kind: SpanKind.CLIENT, attributes: { filling } };
    tracer.startSpan(`try ${tries}`, options, inside).end();
  }
  failed?.end();
  await exporter.forceFlush();
  assertEquals([exports.flat(), exporter.dropped, budget.used], [
    ["try 0", "try 1", "try 2", "try 3", "server"],
    2,
    0,
  ]);
  await exporter.shutdown();
});

Deno.test("spans left at the shutdown are removed from the budget", async () => {
  const { end, tracer, exporter, budget } = kit(down);
  end(5_000);
  await exporter.shutdown();
  assertEquals([exporter.dropped, budget.used], [5_000, 0]);
  tracer.startSpan("late").end();
  assertEquals([exporter.dropped, budget.used], [5_001, 0]);
});

Deno.test("spans that cannot be exported at the shutdown are counted as dropped", async () => {
  const { end, exporter } = kit(down);
  end(2_100);
  await exporter.shutdown();
  assertEquals(exporter.dropped, 2_100);
  end(1);
  assertEquals(exporter.dropped, 2_101);
});

Deno.test("a hanging collector does not block the end of a span, and gets no other export meanwhile", async () => {
  const { promise: released, resolve: release } = Promise.withResolvers<number>();
  const { end, exports, exporter } = kit(() => released);
  end(2_000);
  await until(() => exports.length === 1);
  const startedAt = performance.now();
  end(20_000);
  assert(performance.now() - startedAt < 2_000);
  assertEquals(exports.length, 1);
  release(200);
  await exporter.shutdown();
  assertEquals([exports.flat().length, exporter.dropped], [22_000, 0]);
});

/** Attributes of an unsampled SERVER span → whether its trace is exported. */
const UNSAMPLED: readonly [attributes: Record<string, string | number>, exported: boolean][] = [
  [{ "http.response.status_code": 200 }, false],
  [{ "http.response.status_code": 403, "sms_gateway.error.origin": "upstream" }, false],
  [{ "http.response.status_code": 401, "sms_gateway.error.origin": "gateway" }, true],
  [{ "http.response.status_code": 200, "sms_gateway.error.origin": "gateway" }, true],
  [{ "http.response.status_code": 500, "sms_gateway.error.origin": "upstream" }, true],
  [{ "http.response.status_code": 503, "sms_gateway.error.origin": "gateway" }, true],
];

for (const [attributes, exported] of UNSAMPLED) {
  Deno.test(`an unsampled trace is ${exported ? "" : "not "}exported if its SERVER span has ${JSON.stringify(attributes)}`, async () => {
    const { tracer, exports, exporter } = kit(undefined, { sampled: false });
    const server = tracer.startSpan("server", { kind: SpanKind.SERVER });
    const inside = trace.setSpan(ROOT_CONTEXT, server);
    for (const name of ["first try", "second try"]) {
      tracer.startSpan(name, { kind: SpanKind.CLIENT }, inside).end();
    }
    server.setAttributes(attributes).end();
    assertEquals(server.spanContext().traceFlags & TraceFlags.SAMPLED, 0);
    await exporter.forceFlush();
    assertEquals(exports, exported ? [["first try", "second try", "server"]] : []);
    await exporter.shutdown();
    assertEquals(exporter.dropped, 0);
  });
}

Deno.test("an export is JSON and has a deadline", async () => {
  const inits: RequestInit[] = [];
  const { end, exporter } = kit((init) => {
    inits.push(init);
    return 200;
  });
  end(1);
  await exporter.forceFlush();
  const [{ method, headers, signal } = {}] = inits;
  assertEquals([method, headers], ["POST", { "content-type": "application/json" }]);
  assert(signal instanceof AbortSignal);
  await exporter.shutdown();
});
