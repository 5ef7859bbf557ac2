import { delay } from "@std/async/delay";

/** A real `redis-server` on a loopback port; killed at the end of the scope. */
export interface RedisServer extends AsyncDisposable {
  readonly port: number;
  /** Runs `redis-cli` with these arguments, and returns what it prints. */
  cli(...args: string[]): Promise<string>;
  /** SIGSTOP: it accepts connections and answers nothing. */
  stop(): void;
  /** SIGCONT, after {@linkcode stop}. */
  continue(): void;
  /** Kills it with SIGKILL, and waits until it has ended. */
  kill(): Promise<void>;
  /** Starts it again on the same port, with what it had saved. */
  start(): Promise<void>;
}

/** Options of {@linkcode startRedis}. */
export interface RedisServerOptions {
  /** Arguments of `redis-server`, such as `--requirepass`, `secret`. */
  args?: string[];
  /** Arguments of `redis-cli` that let it connect, such as `-a`, `secret`. */
  cliArgs?: string[];
  /** Serves TLS with this certificate, in place of TCP. */
  tls?: { cert: string; key: string; ca: string };
  /** Whether it is a node of a Cluster. */
  cluster?: boolean;
}

/** What runs; a drill that hangs must not leave its servers behind. */
const running = new Set<Deno.ChildProcess>();

/** Ends what a hanging drill has left. */
export function endRedisServers(): void {
  for (const server of running) server.kill("SIGKILL");
}

/** Starts a server in a folder of its own; on another port, should the first be taken meanwhile. */
export async function startRedis(options: RedisServerOptions = {}): Promise<RedisServer> {
  for (let attempt = 0;; attempt++) {
    const server = await prepare(options);
    try {
      await server.start();
      return server;
    } catch (error) {
      await server[Symbol.asyncDispose]();
      if (attempt === 3) throw error;
    }
  }
}

async function prepare(options: RedisServerOptions): Promise<RedisServer> {
  const folder = await Deno.makeTempDir({ prefix: "sms-gateway-redis-" });
  const port = freePort(options.cluster);
  const args = await serverArguments(options, folder, port);
  const cli = async (...command: string[]) => {
    const tls = options.tls ? ["--tls", "--cacert", `${folder}/ca.pem`] : [];
    const { stdout, stderr } = await new Deno.Command("redis-cli", {
      args: ["-h", "127.0.0.1", "-p", `${port}`, ...tls, ...options.cliArgs ?? [], ...command],
    }).output();
    const decoder = new TextDecoder();
    return (decoder.decode(stdout) || decoder.decode(stderr)).trim();
  };
  let child: Deno.ChildProcess | undefined;
  const kill = async () => {
    const ending = child;
    child = undefined;
    ending?.kill("SIGKILL");
    await ending?.status;
  };
  return {
    port,
    cli,
    kill,
    stop: () => child?.kill("SIGSTOP"),
    continue: () => child?.kill("SIGCONT"),
    async start() {
      const starting = child = spawn(args, folder);
      let hasEnded = false;
      starting.status.then(() => {
        hasEnded = true;
        if (child === starting) child = undefined;
      });
      await until(async () => hasEnded || /PONG|NOAUTH/.test(await cli("PING")));
      if (hasEnded) throw new Error("redis-server ended");
    },
    async [Symbol.asyncDispose]() {
      await kill();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

/** Starts a Cluster of three nodes, each with a third of the slots. */
export async function startCluster(
  args: string[] = [],
): Promise<{ nodes: RedisServer[] } & AsyncDisposable> {
  await using started = new AsyncDisposableStack();
  const nodes: RedisServer[] = [];
  for (let index = 0; index < 3; index++) {
    nodes.push(started.use(await startRedis({ cluster: true, args })));
  }
  const addresses = nodes.map(({ port }) => `127.0.0.1:${port}`);
  await nodes[0]?.cli("--cluster", "create", ...addresses, "--cluster-yes");
  for (const node of nodes) {
    await until(async () => /cluster_state:ok/.test(await node.cli("CLUSTER", "INFO")));
  }
  const kept = started.move();
  return { nodes, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** Starts a replica of a node of a Cluster. */
export async function startClusterReplica(
  primary: RedisServer,
  args: string[] = [],
): Promise<RedisServer> {
  const replica = await startRedis({ cluster: true, args });
  await replica.cli("CLUSTER", "MEET", "127.0.0.1", `${primary.port}`);
  const id = await primary.cli("CLUSTER", "MYID");
  await until(async () => await replica.cli("CLUSTER", "REPLICATE", id) === "OK");
  await until(async () => /master_link_status:up/.test(await replica.cli("INFO")));
  return replica;
}

/** Waits until a condition holds; fails after 20 s. */
export async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!await condition()) {
    if (performance.now() > deadline) throw new Error("the condition never held");
    await delay(20);
  }
}

function spawn(args: string[], cwd: string): Deno.ChildProcess {
  const io = { stdin: "null", stdout: "null", stderr: "null" } as const;
  const server = new Deno.Command("redis-server", { args, cwd, ...io }).spawn();
  running.add(server);
  void server.status.then(() => running.delete(server));
  return server;
}

async function serverArguments(
  { args = [], tls, cluster }: RedisServerOptions,
  folder: string,
  port: number,
): Promise<string[]> {
  const common = [
    "--bind",
    "127.0.0.1",
    "--appendonly",
    "yes",
    "--appendfsync",
    "always",
    "--save",
  ];
  const own = ["", ...(cluster ? ["--cluster-enabled", "yes"] : []), ...args];
  if (!tls) return ["--port", `${port}`, ...common, ...own];
  for (const name of ["cert", "key", "ca"] as const) {
    await Deno.writeTextFile(`${folder}/${name}.pem`, tls[name]);
  }
  const files = ["--tls-cert-file", "cert.pem", "--tls-key-file", "key.pem"];
  const clients = ["--tls-ca-cert-file", "ca.pem", "--tls-auth-clients", "no"];
  return ["--port", "0", "--tls-port", `${port}`, ...files, ...clients, ...common, ...own];
}

/** A node of a Cluster also takes the port that is 10,000 higher; both below the ephemeral ones. */
function freePort(cluster = false): number {
  if (!cluster) return listenOn(0);
  for (;;) {
    const port = 12_000 + Math.floor(Math.random() * 10_000);
    try {
      listenOn(port + 10_000);
      return listenOn(port);
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
}

function listenOn(port: number): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port });
  return listener.addr.port;
}
