import { type Contestant, LOADS } from "./contestant.ts";
import { PLAN } from "./gateway.ts";
import type { Load } from "./load.ts";
import { assignCores, type Cores } from "./machine.ts";
import {
  type Command,
  endOnInterrupt,
  exists,
  freePort,
  pinSelf,
  run,
  Server,
  start,
} from "./process.ts";
import { Issuer, type TargetSet } from "./tokens.ts";
import { REFUSED_PLAN, upstreamConfig, type UpstreamOptions } from "./upstream.ts";

/** Kept from one run to the next: the key, the tokens and what was built. */
const CACHE = `${import.meta.dirname}/.cache`;

/** A server that does not answer after this long does not work. */
const READY_TIMEOUT_MS = 20_000;

/** Often enough for the time to the first answer, and cheap. */
const READY_POLL_MS = 4;

/**
 * How many of each set of targets there are, and for which service plan. No gateway checks the
 * signatures of all the fresh ones in a run of ten seconds, which is when they begin anew.
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
  to: ["15551231234"],
  body: "Your parcel is on its way and will arrive today between 14:00 and 16:00.",
  delivery_report: "none",
  client_reference: "order-2026-0001",
};

/** A contestant that runs and answers. */
export interface Raised extends AsyncDisposable {
  readonly port: number;
  /** From the start of the process to its first answer; 0 where nothing was started. */
  readonly startMs: number;
  readonly server: Server | undefined;
}

/** Everything around a contestant: upstream, collector, tokens, cores. */
export class Stage implements AsyncDisposable {
  private constructor(
    readonly cores: Cores,
    readonly cache: string,
    private readonly folder: string,
    private readonly issuer: Issuer,
    private readonly collectorPort: number,
    private readonly resources: AsyncDisposableStack,
  ) {}

  /** Sets the stage: what every contestant shares is started, on the core of the load. */
  static async open(): Promise<Stage> {
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
    return new Stage(cores, CACHE, folder, issuer, collectorPort, opening.move());
  }

  /** Starts a stand-in for the SMS API and returns its port; it ends with the stage. */
  async upstream(options: UpstreamOptions = {}): Promise<number> {
    const port = freePort();
    const file = `${this.folder}/upstream-${port}.cfg`;
    await Deno.writeTextFile(file, upstreamConfig(port, options));
    const command = { program: "haproxy", args: ["-f", file] };
    this.resources.use(start(command, { core: this.cores.load }));
    await untilReady(port, "/ready");
    return port;
  }

  /** Starts a contestant in front of an upstream; it ends with its scope. */
  async raise(contestant: Contestant, upstreamPort: number): Promise<Raised> {
    await using raising = new AsyncDisposableStack();
    if (!contestant.command) {
      const nothing = raising.move();
      return {
        port: upstreamPort,
        startMs: 0,
        server: undefined,
        [Symbol.asyncDispose]: () => nothing.disposeAsync(),
      };
    }
    const folder = await Deno.makeTempDir({ dir: this.folder });
    await Deno.chmod(folder, 0o777);
    const site = {
      port: freePort(),
      folder,
      upstream: `127.0.0.1:${upstreamPort}`,
      collector: `http://127.0.0.1:${this.collectorPort}`,
      keySet: this.issuer.keySet,
    };
    for (const [name, content] of Object.entries(contestant.files?.(site) ?? {})) {
      await Deno.writeTextFile(`${folder}/${name}`, content);
    }
    const logFile = `${folder}/log.txt`;
    raising.defer(() => Deno.remove(folder, { recursive: true }));
    const startedAt = performance.now();
    const server = raising.use(
      start(contestant.command(site), { core: this.cores.contestant, logFile }),
    );
    await untilReady(site.port, contestant.ready, server).catch(async (cause) => {
      throw new Error(`${contestant.title} does not start: ${await tail(logFile)}`, { cause });
    });
    const startMs = performance.now() - startedAt;
    const raised = raising.move();
    return { port: site.port, startMs, server, [Symbol.asyncDispose]: () => raised.disposeAsync() };
  }

  /** The load that a contestant gets for some seconds; makes its tokens where they are missing. */
  async load(contestant: Contestant, port: number, seconds: number): Promise<Load> {
    const { targets, expect } = LOADS[contestant.load];
    const { count, plan } = TARGETS[targets];
    return {
      port,
      expect,
      seconds,
      targetsFile: await this.targets({ name: targets, count, plan: () => plan }),
      bodyFile: `${this.folder}/batch.json`,
      core: this.cores.load,
    };
  }

  targets(set: TargetSet): Promise<string> {
    return this.issuer.targets(set);
  }

  /** A file that holds a batch with a message of about `bytes`. */
  async bodyFile(bytes: number): Promise<string> {
    const file = `${this.folder}/batch-${bytes}.json`;
    const rest = JSON.stringify({ ...BATCH, body: "" }).length;
    const body = "x".repeat(Math.max(1, bytes - rest));
    await Deno.writeTextFile(file, JSON.stringify({ ...BATCH, body }));
    return file;
  }

  /** How many spans the collector was sent until now. */
  async spans(): Promise<number> {
    const response = await fetch(`http://127.0.0.1:${this.collectorPort}/`);
    const { spans } = await response.json();
    return spans;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.resources.disposeAsync();
  }
}

/** Installs the packages of the contestants that run on Node, unless they are there. */
export async function installNodePackages(): Promise<void> {
  const cwd = `${import.meta.dirname}/node`;
  if (await exists(`${cwd}/node_modules`)) return;
  await run({ program: "npm", args: ["ci", "--loglevel=error"] }, { cwd, timeoutMs: 300_000 });
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
