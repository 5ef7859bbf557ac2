import type { RedisNode } from "./redis_client.ts";

/**
 * Waits for replicas with `WAIT`, which covers all that its connection has written before. It
 * blocks the connection, so there is one at a time per connection: claims that come in the
 * meantime share the next one.
 */
export class ReplicaConfirmations {
  readonly #waits = new WeakMap<RedisNode, { running: Promise<unknown>; next?: Promise<number> }>();

  /**
   * @param replicas how many must confirm
   * @param timeoutMs how long the server waits for them
   */
  constructor(readonly replicas: number, readonly timeoutMs: number) {}

  /** Whether enough replicas have what was sent to the node on its present socket before. */
  async confirm(node: RedisNode): Promise<boolean> {
    const { socketEpoch } = node;
    const confirmed = await this.#next(node);
    return node.socketEpoch === socketEpoch && confirmed >= this.replicas;
  }

  #next(node: RedisNode): Promise<number> {
    const waits = this.#waits.get(node) ?? { running: Promise.resolve() };
    this.#waits.set(node, waits);
    return waits.next ??= waits.running.then(async () => {
      const reply = node.sendCommand(["WAIT", `${this.replicas}`, `${this.timeoutMs}`]);
      waits.running = reply.catch(() => {});
      delete waits.next;
      return Number(await reply);
    });
  }
}
