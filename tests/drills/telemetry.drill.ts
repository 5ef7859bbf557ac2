import { assert, assertEquals } from "@std/assert";
import { delay } from "@std/async/delay";
import { Pool } from "undici";
import { MAX_WAITING_LINE_BYTES } from "../../telemetry/line_writer.ts";
import { MAX_WAITING_SPAN_BYTES } from "../../telemetry/span_exporter.ts";
import { testEnv } from "../support/gateway.ts";
import type { Drill } from "./kit/drill.ts";
import {
  drillIssuer,
  type GatewayProcess,
  startCommand,
  startGateway,
} from "./kit/gateway_process.ts";
import { closedPort, rawUpstream } from "./kit/raw_upstream.ts";
import { residentMebibytes } from "./kit/resident.ts";

const MIB = 1024 * 1024;

/** Requests at once. */
const CONNECTIONS = 16;

/** Requests after which the heap of a gateway has about the size that it keeps. */
const WARM_UP_REQUESTS = 2_000;

/** Requests that exceed the bound of either signal. */
const REQUESTS = 30_000;

/** What the heap may grow by while it is under load, in bytes, beside what waits. */
const HEAP_BYTES = 64 * MIB;

/** The longest values that a request without a token can add to a span, escaped in JSON. */
const HOSTILE = {
  path: `/xms/v1/plan-1/batches/${"x".repeat(100)}?${"page&".repeat(400)}`,
  headers: {
    "user-agent": '"'.repeat(8_000),
    traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    tracestate: Array.from({ length: 30 }, (_, index) => `k${index}=${"v".repeat(200)}`).join(),
  },
};

/** Sends so many requests without a token, {@linkcode CONNECTIONS} at once. */
export async function attack(port: number, requests: number): Promise<void> {
  const pool = new Pool(`http://127.0.0.1:${port}`, { connections: CONNECTIONS });
  let left = requests;
  const one = async () => {
    while (left-- > 0) {
      const { statusCode, body } = await pool.request({ ...HOSTILE, method: "GET" });
      await body.dump();
      assertEquals(statusCode, 401);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, one));
  await pool.close();
}

/**
 * By how much a process grows while it is attacked, in bytes; the highest that is seen.
 * `meanwhile` is done again and again.
 */
async function growthOf(
  { pid, port }: { pid: number; port: number },
  meanwhile: () => Promise<void> = () => Promise.resolve(),
): Promise<number> {
  await attack(port, WARM_UP_REQUESTS);
  const before = await residentMebibytes(pid) * MIB;
  let highest = before;
  const attacked = attack(port, REQUESTS).then(() => true);
  while (!await Promise.race([attacked, delay(100).then(() => false)])) {
    highest = Math.max(highest, await residentMebibytes(pid) * MIB);
    await meanwhile();
  }
  return highest - before;
}

async function latencyOf(gateway: GatewayProcess): Promise<number> {
  const { status, ms } = await gateway.call("/batches");
  assertEquals(status, 200);
  return ms;
}

const DROPPED = "sms_gateway_telemetry_dropped_total";

async function collectorDown(): Promise<string> {
  await using upstream = await rawUpstream();
  await using gateway = await startGateway({
    upstream: upstream.url,
    env: { OTLP_ENDPOINT: `http://127.0.0.1:${closedPort()}` },
  });
  let ms = 0;
  const growth = await growthOf(gateway, async () => {
    ms = Math.max(ms, await latencyOf(gateway));
  });
  const dropped = await gateway.metric(DROPPED, 'signal="traces"');
  const seen = `${REQUESTS} requests: +${(growth / MIB).toFixed(0)} MiB, ${dropped} spans ` +
    `counted as dropped, another caller was always answered within ${ms} ms`;
  assert(dropped > 0, `the bound was not reached: ${seen}`);
  assert(growth < 2 * MAX_WAITING_SPAN_BYTES + HEAP_BYTES, seen);
  assert(ms < 2_000, seen);
  return seen;
}

/** A gateway whose standard output is a pipe that is read until it listens, and no further. */
async function logNotRead(): Promise<string> {
  const child = new Deno.Command(Deno.execPath(), {
    args: await startCommand(),
    cwd: new URL("../../", import.meta.url),
    env: { ...testEnv(await drillIssuer()), LOG_FORMAT: "json" },
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  try {
    const port = await portOf(child);
    const growth = await growthOf({ pid: child.pid, port });
    const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    const dropped = Number(/telemetry_dropped_total\{signal="logs"\} (\d+)/.exec(metrics)?.[1]);
    const seen = `${REQUESTS} requests: +${(growth / MIB).toFixed(0)} MiB, ${dropped} lines ` +
      "counted as dropped";
    assert(dropped > 0, `the bound was not reached: ${seen}`);
    assert(growth < 2 * MAX_WAITING_LINE_BYTES + HEAP_BYTES, seen);
    return seen;
  } finally {
    child.kill("SIGKILL");
    await child.stdout.cancel();
    await child.status;
  }
}

async function portOf(child: Deno.ChildProcess): Promise<number> {
  const decoder = new TextDecoder();
  const reader = child.stdout.getReader();
  let text = "";
  for (;;) {
    const [, port] = /"message":"listening","url":"http:\/\/[^"]*:(\d+)"/.exec(text) ?? [];
    if (port) {
      reader.releaseLock();
      return Number(port);
    }
    const { done, value } = await reader.read();
    if (done) throw new Error(`the gateway ended: ${text}`);
    text += decoder.decode(value, { stream: true });
  }
}

export default [
  {
    name: "telemetry: collector down",
    did: `${REQUESTS} requests without a token, with a long user agent, tracestate and query`,
    promised: "at most 32 MiB of spans wait, what is lost is counted, others are served",
    run: collectorDown,
  },
  {
    name: "telemetry: log not read",
    did: "the same while standard output is not read",
    promised: "at most 8 MiB of lines wait, what is lost is counted",
    run: logNotRead,
  },
] satisfies Drill[];
