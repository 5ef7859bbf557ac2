import { assert, assertEquals } from "@std/assert";
import { jsonReply, testGateway } from "../support/gateway.ts";
import { TransportError } from "../../errors/transport_error.ts";

const BATCHES = "/xms/v1/plan-1/batches";

/** A gateway whose upstream answers when the test releases it. */
async function held(env: Record<string, string>) {
  const open = Promise.withResolvers<void>();
  const arrived: (() => void)[] = [];
  const gateway = await testGateway({
    env,
    upstream: async () => {
      arrived.shift()?.();
      await open.promise;
      return jsonReply(200, {});
    },
  });
  return {
    ...gateway,
    open: () => open.resolve(),
    /** Sends a request and resolves when it has reached the upstream. */
    async outstanding(path: string, subject: string): Promise<{ answer: Promise<Response> }> {
      const { promise, resolve } = Promise.withResolvers<void>();
      arrived.push(resolve);
      const answer = gateway.request(path, { token: { subject } });
      await promise;
      return { answer };
    },
  };
}

/** Limits, and a second request that each refuses while another one is outstanding. */
const LIMITS = [
  {
    env: { MAX_OUTSTANDING_PER_CALLER: "1" },
    refused: [`${BATCHES}/b`, "a"],
    passed: [BATCHES, "b"],
    status: 429,
    code: "too_many_requests",
  },
  {
    env: { MAX_OUTSTANDING_PER_ROUTE: "1" },
    refused: [BATCHES, "b"],
    passed: [`${BATCHES}/b`, "a"],
    status: 429,
    code: "too_many_requests",
  },
  {
    env: { MAX_IN_FLIGHT: "1" },
    refused: [`${BATCHES}/b`, "b"],
    passed: undefined,
    status: 503,
    code: "overloaded",
  },
] as const;

for (const { env, refused, passed, status, code } of LIMITS) {
  Deno.test(`${Object.keys(env)} refuses a request over the limit with ${status} ${code}, and no other`, async () => {
    const gateway = await held(env);
    const first = await gateway.outstanding(BATCHES, "a");
    const [path, subject] = refused;
    const response = await gateway.request(path, { token: { subject } });
    assertEquals([response.status, (await response.json()).code], [status, code]);
    assertEquals(response.headers.get("x-error-origin"), "gateway");
    assert(response.headers.has("retry-after"));
    const other = passed && await gateway.outstanding(passed[0], passed[1]);
    gateway.open();
    for (const sent of [first, other]) if (sent) assertEquals((await sent.answer).status, 200);
    const after = await gateway.request(path, { token: { subject } });
    assertEquals(after.status, 200); // the slot is free again
  });
}

Deno.test("a slot is released after every kind of failure", async () => {
  const { request, sent } = await testGateway({
    env: { MAX_OUTSTANDING_PER_CALLER: "1", MAX_IN_FLIGHT: "1", RETRY_ATTEMPTS: "0" },
    upstream: () => {
      const failures = [
        () => jsonReply(500, {}),
        () => Promise.reject(new TransportError(true, "timeout", { cause: undefined })),
        () => Promise.reject(new TypeError("bug")),
      ];
      return failures[sent.length % failures.length]?.() ?? jsonReply(200, {});
    },
  });
  for (let time = 0; time < 9; time++) {
    const { status } = await request(BATCHES);
    assert([500, 502, 504].includes(status), `${status}`);
    await request(BATCHES, { token: null });
  }
  assertEquals(sent.length, 9);
});

Deno.test("a request whose body is being read counts for its caller only", async () => {
  const { request, sent } = await testGateway({ env: { MAX_OUTSTANDING_PER_CALLER: "1" } });
  const body = new ReadableStream<Uint8Array>(); // never sends a byte
  const headers = { "content-type": "application/json", "transfer-encoding": "chunked" };
  void request(BATCHES, { method: "POST", headers, body, token: { subject: "slow" } });
  await new Promise((resolve) => setTimeout(resolve, 20));
  const sameCaller = await request(BATCHES, { token: { subject: "slow" } });
  const otherCaller = await request(BATCHES, { token: { subject: "other" } });
  assertEquals([sameCaller.status, otherCaller.status, sent.length], [429, 200, 1]);
});
