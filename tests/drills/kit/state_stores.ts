import { DatabaseSync } from "node:sqlite";
import { type RedisServerOptions, startRedis } from "../../support/redis_server.ts";
import { jumpRedisClock } from "./redis_clock.ts";
import { startRelay } from "./relay.ts";

/** A store of a drill, of its own. */
export interface DrillStore extends AsyncDisposable {
  /** The value of `STATE_URL`. */
  readonly url: string;
  /** The records in it. */
  records(): Promise<number>;
  /** From now on it answers nothing. */
  block(): void;
  /** It answers again, to processes that start from now on. */
  unblock(): void;
  /** Has the clock of its server jump; see redis_clock.ts. */
  jump?(offsetS: number): Promise<void>;
}

/** Starts a store. */
export type StartStore = () => Promise<DrillStore>;

const ROOT = new URL("../../../", import.meta.url);

/** Where the start task may write. */
const DATA = new URL("data/", ROOT);

/** The memory of the gateway; nothing of it is seen, and nothing is blocked. */
export function memoryStore(): Promise<DrillStore> {
  return Promise.resolve({
    url: "memory:",
    records: () => Promise.resolve(NaN),
    block() {},
    unblock() {},
    [Symbol.asyncDispose]: () => Promise.resolve(),
  });
}

/** A SQLite file below `data/`. `block` holds its write lock. */
export async function sqliteStore(): Promise<DrillStore> {
  const folder = `drill-${crypto.randomUUID()}`;
  await Deno.mkdir(new URL(folder, DATA), { recursive: true });
  const file = new URL(`${folder}/state.db`, DATA);
  let lock: DatabaseSync | undefined;
  const unblock = () => {
    lock?.close(); // rolls back
    lock = undefined;
  };
  return {
    url: `sqlite:data/${folder}/state.db`,
    records() {
      using database = new DatabaseSync(file.pathname);
      const row = database.prepare("SELECT count(*) AS count FROM records").get();
      return Promise.resolve(Number(row?.count));
    },
    block() {
      lock = new DatabaseSync(file.pathname);
      lock.exec("BEGIN IMMEDIATE");
    },
    unblock,
    async [Symbol.asyncDispose]() {
      unblock();
      await Deno.remove(new URL(folder, DATA), { recursive: true });
      await Deno.remove(DATA).catch(() => {}); // other files are in it
    },
  };
}

/** A Redis behind a relay. `block` has the relay drop everything. */
export async function redisStore(options: RedisServerOptions = {}): Promise<DrillStore> {
  await using started = new AsyncDisposableStack();
  const server = started.use(await startRedis(options));
  const relay = started.use(await startRelay(server.port));
  const kept = started.move();
  return {
    url: `redis://127.0.0.1:${relay.port}`,
    records: async () => Number(await server.cli("DBSIZE")),
    block: relay.block,
    unblock: relay.unblock,
    jump: (offsetS) => jumpRedisClock(server, offsetS),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** A Redis that `block` stops (SIGSTOP). What it was sent until then it does when it goes on. */
export async function pausedRedisStore(): Promise<DrillStore> {
  const server = await startRedis();
  return {
    url: `redis://127.0.0.1:${server.port}`,
    records: async () => Number(await server.cli("DBSIZE")),
    block: server.stop,
    unblock: server.continue,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
