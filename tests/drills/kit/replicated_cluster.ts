import { type RedisServer, startCluster, startClusterReplica } from "../../support/redis_server.ts";
import { until } from "./until.ts";

/** A Cluster of three masters with replicas, of which the first has two. */
export interface ReplicatedCluster extends AsyncDisposable {
  /** Names one of the other masters, which stay. */
  readonly stateUrl: string;
  /** The master that is killed. */
  readonly first: RedisServer;
  /** Its replicas. */
  readonly replicas: readonly RedisServer[];
  /** Waits until a replica of the first master has taken over, and returns it. */
  promoted(): Promise<RedisServer>;
}

/** Long enough that a busy machine does not take a living node for dead. */
const NODE_TIMEOUT_MS = 2_000;

const ARGS = [
  ...["--cluster-node-timeout", `${NODE_TIMEOUT_MS}`],
  // A replica may take over however long its link has been down.
  ...["--cluster-replica-validity-factor", "0"],
  ...["--repl-diskless-sync-delay", "0"],
];

const FAILOVER_WITHIN_MS = 20_000;

export async function startReplicatedCluster(): Promise<ReplicatedCluster> {
  await using started = new AsyncDisposableStack();
  const { nodes: [first, second, third] } = started.use(await startCluster(ARGS));
  if (!first || !second || !third) throw new Error("a Cluster has three masters");
  const nodes = await Promise.all(
    [first, first, second, third].map(async (master) =>
      started.use(await startClusterReplica(master, ARGS))
    ),
  );
  const replicas = nodes.slice(0, 2);
  const kept = started.move();
  return {
    stateUrl: `redis://127.0.0.1:${second.port}?cluster=true`,
    first,
    replicas,
    async promoted() {
      let promoted: RedisServer | undefined;
      await until("a replica has taken over", async () => {
        for (const replica of replicas) {
          const isMaster = /^role:master/m.test(await replica.cli("INFO", "replication"));
          if (isMaster) promoted = replica;
        }
        return promoted !== undefined;
      }, FAILOVER_WITHIN_MS);
      if (!promoted) throw new Error("no replica has taken over");
      return promoted;
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** A user that no server has, so that a replica with this name gets no data. */
const UNKNOWN_USER = "nobody";

/** Cuts the link of a replica to its master for good: it stays a replica, and falls behind. */
export async function cutReplication(replica: RedisServer): Promise<void> {
  await replica.cli("CONFIG", "SET", "masteruser", UNKNOWN_USER);
  await replica.cli("CONFIG", "SET", "masterauth", UNKNOWN_USER);
  await replica.cli("CLIENT", "KILL", "TYPE", "master");
  await until("the link is cut", async () => !await isLinked(replica));
}

/** Lets a replica connect to its master again. */
export async function restoreReplication(replica: RedisServer): Promise<void> {
  await replica.cli("CONFIG", "SET", "masteruser", "");
  await replica.cli("CONFIG", "SET", "masterauth", "");
  await until("the link is up", () => isLinked(replica), FAILOVER_WITHIN_MS);
}

async function isLinked(replica: RedisServer): Promise<boolean> {
  return /^master_link_status:up/m.test(await replica.cli("INFO", "replication"));
}
