import { type Candidate, LOADS } from "./candidate.ts";
import { PLAN } from "./gateway.ts";
import type { Load } from "./load.ts";
import { assignCores, type Cores } from "./machine.ts";
import {
  type Command,
  endOnInterrupt,
  exists,
  freePort,
  isInstalled,
  pinSelf,
  run,
  Server,
  start,
} from "./process.ts";
import { Issuer, type TargetSet } from "./tokens.ts";
import { REFUSED_PLAN, upstreamConfig, type UpstreamOptions } from "./upstream.ts";

/** Kept between runs: the signing key, the tokens and the compiled load generator. */
const CACHE = `${import.meta.dirname}/.cache`;

/** Timeout for a server to respond after its start, in ms. */
const READY_TIMEOUT_MS = 20_000;

/** Polling interval for the first response, in ms: precise enough for the start time, and cheap. */
const READY_POLL_MS = 4;

/**
 * Size and service plan of each set of targets. The 40,000 fresh tokens are more than a gateway can
 * verify in a run, so that none is used twice.
 */
const TARGETS = {
  one: { count: 1, plan: PLAN },
  many: { count: 10_000, plan: PLAN },
  fresh: { count: 40_000, plan: PLAN },
  refused: { count: 1, plan: REFUSED_PLAN },
} as const;

/** The body of a short message, about 200 bytes. */
const BATCH = {
  from: "15551231235",
  to: ["46701740605"],
  body: "Your parcel is on its way and will arrive today between 14:00 and 16:00.",
  delivery_report: "none",
  client_reference: "order-2026-0001",
};

/** A candidate that was started and responds. */
export interface RunningCandidate extends AsyncDisposable {
  readonly port: number;
  /** Time from the start of the process to its first response; 0 if none was started. */
  readonly startMs: number;
  readonly server: Server | undefined;
  /** What it has written so far. */
  log(): Promise<string>;
}

/** The environment of a measurement: upstream, collector, tokens, cores. */
export class TestBed implements AsyncDisposable {
  private constructor(
    readonly cores: Cores,
    readonly cache: string,
    private readonly folder: string,
    private readonly issuer: Issuer,
    private readonly collectorPort: number,
    private readonly redis: string | undefined,
    private readonly resources: AsyncDisposableStack,
  ) {}

  /** Starts the programs that all candidates share, on the core of the load generator. */
  static async open(): Promise<TestBed> {
    await using opening = new AsyncDisposableStack();
    const cores = await assignCores();
    await pinSelf(cores.load);
    const folder = await Deno.makeTempDir({ prefix: "bench-" });
    endOnInterrupt(folder);
    await Deno.chmod(folder, 0o777); // nginx's worker is another user when its master is root
    opening.defer(() => Deno.remove(folder, { recursive: true }));
    const issuer = await Issuer.open(`${CACHE}/tokens`);
    await Deno.writeTextFile(`${folder}/batch.json`, JSON.stringify(BATCH));
    const collectorPort = freePort();
    opening.use(start(collector(collectorPort), { core: cores.load }));
    await untilReady(collectorPort, "/");
    let redis: string | undefined;
    if (await isInstalled("redis-server")) {
      const port = freePort();
      opening.use(start(redisServer(port, folder), { core: cores.load }));
      redis = `redis://127.0.0.1:${port}`;
    }
    return new TestBed(cores, CACHE, folder, issuer, collectorPort, redis, opening.move());
  }

  /** Starts a mock SMS API and returns its port; it is stopped when the test bed is disposed. */
  async upstream(options: UpstreamOptions = {}): Promise<number> {
    const port = freePort();
    const file = `${this.folder}/upstream-${port}.cfg`;
    await Deno.writeTextFile(file, upstreamConfig(port, options));
    const command = { program: "haproxy", args: ["-f", file] };
    this.resources.use(start(command, { core: this.cores.load }));
    await untilReady(port, "/ready");
    return port;
  }

  /** Starts a candidate in front of an upstream; it is stopped when its scope is left. */
  async start(candidate: Candidate, upstreamPort: number): Promise<RunningCandidate> {
    await using starting = new AsyncDisposableStack();
    if (!candidate.command) {
      const nothing = starting.move();
      return {
        port: upstreamPort,
        startMs: 0,
        server: undefined,
        log: () => Promise.resolve(""),
        [Symbol.asyncDispose]: () => nothing.disposeAsync(),
      };
    }
    const folder = await Deno.makeTempDir({ dir: this.folder });
    await Deno.chmod(folder, 0o777);
    const environment = {
      port: freePort(),
      folder,
      upstream: `127.0.0.1:${upstreamPort}`,
      collector: `http://127.0.0.1:${this.collectorPort}`,
      keySet: this.issuer.keySet,
      redis: this.redis,
    };
    for (const [name, content] of Object.entries(candidate.files?.(environment) ?? {})) {
      await Deno.writeTextFile(`${folder}/${name}`, content);
    }
    const logFile = `${folder}/log.txt`;
    starting.defer(() => Deno.remove(folder, { recursive: true }));
    const startedAt = performance.now();
    const server = starting.use(
      start(candidate.command(environment), { core: this.cores.candidate, logFile }),
    );
    await untilReady(environment.port, candidate.ready, server).catch(async (cause) => {
      throw new Error(`${candidate.title} does not start: ${await tail(logFile)}`, { cause });
    });
    const startMs = performance.now() - startedAt;
    const running = starting.move();
    return {
      port: environment.port,
      startMs,
      server,
      log: () => Deno.readTextFile(logFile),
      [Symbol.asyncDispose]: () => running.disposeAsync(),
    };
  }

  /** The load of a candidate, for the given time in s; creates missing tokens. */
  async load(candidate: Candidate, port: number, seconds: number): Promise<Load> {
    const load = LOADS[candidate.load];
    const { targets, expect } = load;
    const { count, plan } = TARGETS[targets];
    return {
      port,
      expect,
      seconds,
      keyed: "keyed" in load,
      targetsFile: await this.targets({ name: targets, count, plan: () => plan }),
      bodyFile: `${this.folder}/batch.json`,
      core: this.cores.load,
    };
  }

  targets(set: TargetSet): Promise<string> {
    return this.issuer.targets(set);
  }

  /** Writes a request body of about `bytes` to a file, and returns its path. */
  async bodyFile(bytes: number): Promise<string> {
    const file = `${this.folder}/batch-${bytes}.json`;
    const rest = JSON.stringify({ ...BATCH, body: "" }).length;
    const body = "x".repeat(Math.max(1, bytes - rest));
    await Deno.writeTextFile(file, JSON.stringify({ ...BATCH, body }));
    return file;
  }

  /** Number of spans that the collector has received. */
  async spans(): Promise<number> {
    const response = await fetch(`http://127.0.0.1:${this.collectorPort}/`);
    const { spans } = await response.json();
    return spans;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.resources.disposeAsync();
  }
}

/** Installs the npm packages of the Node candidates, unless they are installed. */
export async function installNodePackages(): Promise<void> {
  const cwd = `${import.meta.dirname}/node`;
  if (await exists(`${cwd}/node_modules`)) return;
  await run({ program: "npm", args: ["ci", "--loglevel=error"] }, { cwd, timeoutMs: 300_000 });
}

/** Without persistence, which would use the core of the load generator. */
function redisServer(port: number, folder: string): Command {
  const args = ["--port", String(port), "--bind", "127.0.0.1", "--dir", folder];
  return { program: "redis-server", args: [...args, "--save", "", "--appendonly", "no"] };
}

function collector(port: number): Command {
  const script = `${import.meta.dirname}/sink.ts`;
  return { program: Deno.execPath(), args: ["run", "-A", "--no-check", script, String(port)] };
}

async function untilReady(port: number, path: string, server?: Server): Promise<void> {
  const deadline = performance.now() + READY_TIMEOUT_MS;
  while (performance.now() < deadline && !server?.ended) {
    const signal = AbortSignal.timeout(READY_TIMEOUT_MS);
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { signal }).catch(() => {});
    await response?.body?.cancel();
    if (response?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, READY_POLL_MS));
  }
  throw new Error(`Nothing answers at port ${port}`);
}

async function tail(file: string): Promise<string> {
  return (await Deno.readTextFile(file).catch(() => "")).slice(-1_500);
}
