import { exists, run } from "./process.ts";

/** What a run of a load generator saw. */
export interface LoadResult {
  readonly requests: number;
  readonly seconds: number;
  /** Without the expected answer. */
  readonly failed: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  /** At a fixed rate: how late the generator itself was. */
  readonly lateP99Ms?: number;
}

/** What to send, and where. */
export interface Load {
  readonly port: number;
  /** File of lines "plan <tab> token". */
  readonly targetsFile: string;
  readonly bodyFile: string;
  /** The status that counts as an answer. */
  readonly expect: number;
  readonly seconds: number;
  readonly core: number | undefined;
}

/** A load generator that takes this much longer than it was told to is stuck. */
const SLACK_MS = 20_000;

const LOAD_FOLDER = `${import.meta.dirname}/load`;

/** As many requests as `connections` callers get through, each waiting for its answer. */
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
    ],
  }, { timeoutMs: load.seconds * 1_000 + SLACK_MS, core: load.core });
  return JSON.parse(output.slice(output.indexOf("{")));
}

/** As many requests per second as asked for, however long the answers take. */
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
  }, { timeoutMs: (load.seconds + settleSeconds) * 1_000 + SLACK_MS, core: load.core });
  return JSON.parse(output);
}

/**
 * Builds the generator of fixed rates, if that was not done before, and returns its path.
 *
 * It is a small Go program: wrk has no fixed rate, its `delay()` stretches with every slow
 * answer, and a generator under Deno or Node pauses for its own garbage as long as the
 * latencies it should measure.
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
