import { openStore } from "../../state/open.ts";
import type { StateStore } from "../../state/store.ts";
import { startRedis } from "../../tests/support/redis_server.ts";

/** More than a benchmark fills. */
const MAX_MEMORY_BYTES = 2 ** 32;

/** Benchmarks each store; Redis only if it is installed. They end with the process. */
export async function withEachStore(
  bench: (name: string, store: StateStore) => void,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "sms-gateway-bench-" });
  bench("memory", await openStore("memory:", { maxBytes: MAX_MEMORY_BYTES }));
  bench("SQLite", await openStore(`sqlite:${folder}/state.db`, { timeoutMs: 5_000 }));
  if (await new Deno.Command("redis-server", { args: ["-v"] }).output().catch(() => undefined)) {
    const server = await startRedis({ args: ["--appendonly", "no"] });
    globalThis.addEventListener("unload", () => void server[Symbol.asyncDispose]());
    bench("Redis", await openStore(`redis://127.0.0.1:${server.port}`, { timeoutMs: 5_000 }));
  }
  globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
}
