import type { Connection } from "./redis_client.ts";

/** Warns, in a sentence, if a server may evict records; of a Cluster, one node is asked. */
export async function warnOfEviction(
  connection: Connection,
  onWarning: (sentence: string) => void,
): Promise<void> {
  let reply: string;
  try {
    const node = await connection.nodeFor("any");
    reply = String(await node.sendCommand(["INFO", "memory"]));
  } catch {
    return; // INFO is not permitted to this user, or the connection broke.
  }
  const policy = /^maxmemory_policy:(\S+)/m.exec(reply)?.[1] ?? "noeviction";
  if (policy === "noeviction") return;
  onWarning(
    `Redis has maxmemory-policy ${policy}: it may evict records, and a message may then be sent ` +
      "twice. Set it to noeviction.",
  );
}
