import type { EventEmitter } from "node:events";

/** A node that stays away for so long has the Cluster asked who took over its slots. */
export const REDISCOVER_AFTER_MS = 500;

/**
 * node-redis asks the Cluster who took over only for nodes that it was connected to before. One that
 * was down already when it was first needed would be tried for without end.
 */
export function watchNodes(cluster: EventEmitter, onNodeMissing: () => void): void {
  const ready = new Set<string>();
  const missingSince = new Map<string, number>();
  const on = (event: string, listener: (address: string) => void) =>
    cluster.on(event, ({ host, port }) => listener(`${host}:${port}`));
  on("node-ready", (node) => {
    ready.add(node);
    missingSince.delete(node);
  });
  on("node-disconnect", (node) => {
    ready.delete(node);
    missingSince.delete(node);
  });
  on("node-reconnecting", (node) => {
    if (ready.has(node)) return;
    const since = missingSince.get(node) ?? performance.now();
    missingSince.set(node, since);
    if (performance.now() - since >= REDISCOVER_AFTER_MS) onNodeMissing();
  });
}
