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

/** Starts a server in a folder of its own. */
export async function startRedis(options: RedisServerOptions = {}): Promise<RedisServer> {
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
  let child = spawn(args, folder);
  const server: RedisServer = {
    port,
    cli,
    stop: () => child.kill("SIGSTOP"),
    continue: () => child.kill("SIGCONT"),
    async kill() {
      child.kill("SIGKILL");
      await child.status;
    },
    async start() {
      child = spawn(args, folder);
      await until(async () => /PONG|NOAUTH/.test(await cli("PING")));
    },
    async [Symbol.asyncDispose]() {
      try {
        child.kill("SIGKILL");
      } catch {
        // It has ended.
      }
      await child.status;
      await Deno.remove(folder, { recursive: true });
    },
  };
  await until(async () => /PONG|NOAUTH/.test(await cli("PING")));
  return server;
}

/** Starts nodes of a Cluster, each with a third of the slots if there are three. */
export async function startCluster(size = 3): Promise<{ nodes: RedisServer[] } & AsyncDisposable> {
  const nodes = await Promise.all(
    Array.from({ length: size }, () => startRedis({ cluster: true })),
  );
  const addresses = nodes.map(({ port }) => `127.0.0.1:${port}`);
  await nodes[0]?.cli("--cluster", "create", ...addresses, "--cluster-yes");
  for (const node of nodes) {
    await until(async () => /cluster_state:ok/.test(await node.cli("CLUSTER", "INFO")));
  }
  return {
    nodes,
    async [Symbol.asyncDispose]() {
      for (const node of nodes) await node[Symbol.asyncDispose]();
    },
  };
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
  return new Deno.Command("redis-server", { args, cwd, ...io }).spawn();
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

/** The bus of a Cluster takes the port that is 10,000 higher. */
function freePort(cluster = false): number {
  for (;;) {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    if (!cluster || listener.addr.port < 55_000) return listener.addr.port;
  }
}
