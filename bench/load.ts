import { exists, run } from "./process.ts";

/** The result of a load generator run. */
export interface LoadResult {
  readonly requests: number;
  readonly seconds: number;
  /** Number of requests without the expected response. */
  readonly failed: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  /** At a fixed rate: delay of the generator itself. */
  readonly lateP99Ms?: number;
}

/** What a load generator sends. */
export interface Load {
  readonly port: number;
  /** File of lines "plan <tab> token". */
  readonly targetsFile: string;
  readonly bodyFile: string;
  /** The expected status. */
  readonly expect: number;
  readonly seconds: number;
  /** Whether each request has an idempotency key of its own. */
  readonly keyed: boolean;
  readonly core: number | undefined;
}

/** Time after the end of a run until a load generator is killed, in ms. */
const GRACE_MS = 20_000;

const LOAD_FOLDER = `${import.meta.dirname}/load`;

/** Closed loop: each of `connections` callers sends its next request after each response. */
export async function runWrk(
  load: Load,
  options: { connections: number; firstTarget?: number },
): Promise<LoadResult> {
  const { connections, firstTarget = 0 } = options;
  const output = await run({
    program: "wrk",
    args: [
      ...["--threads", "1", "--connections", String(connections)],
      ...["--duration", `${load.seconds}s`, "--timeout", "10s"],
      ...["--script", `${LOAD_FOLDER}/post.lua`, `http://127.0.0.1:${load.port}`, "--"],
      ...[load.targetsFile, load.bodyFile, String(firstTarget), String(load.expect)],
      ...load.keyed ? ["keyed"] : [],
    ],
  }, { timeoutMs: load.seconds * 1_000 + GRACE_MS, core: load.core });
  return JSON.parse(output.slice(output.indexOf("{")));
}

/** Open loop: sends requests at a fixed rate, however long the responses take. */
export async function runRate(
  load: Load,
  options: { generator: string; rate: number; settleSeconds: number },
): Promise<LoadResult> {
  const { generator, rate, settleSeconds } = options;
  const flags = {
    url: `http://127.0.0.1:${load.port}`,
    targets: load.targetsFile,
    body: load.bodyFile,
    rate,
    settle: settleSeconds,
    seconds: load.seconds,
    expect: load.expect,
  };
  const output = await run({
    program: generator,
    args: Object.entries(flags).map(([name, value]) => `-${name}=${value}`),
  }, { timeoutMs: (load.seconds + settleSeconds) * 1_000 + GRACE_MS, core: load.core });
  return JSON.parse(output);
}

/**
 * Compiles the load generator for fixed rates, unless it is up to date, and returns its path.
 *
 * It is a small Go program: wrk has no fixed rate, and its `delay()` adds to the response time. The
 * garbage collection pauses of a generator on Deno or Node are as long as the measured latencies.
 */
export async function buildRateGenerator(folder: string): Promise<string> {
  const path = `${folder}/rate`;
  const source = await Deno.stat(`${LOAD_FOLDER}/rate/main.go`);
  const built = await Deno.stat(path).catch(() => undefined);
  if (built && (built.mtime ?? 0) > (source.mtime ?? 0)) return path;
  await run({ program: "go", args: ["build", "-o", path, "./rate"] }, {
    timeoutMs: 180_000,
    cwd: LOAD_FOLDER,
  });
  if (!await exists(path)) throw new Error("go build made no program");
  return path;
}
