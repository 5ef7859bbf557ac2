import type { Drill } from "./kit/drill.ts";

/** The files of the drills, in the order in which they run. */
const FILES = [
  "retries",
  "once",
  "resending",
  "idempotency_repeats",
  "idempotency_redis",
  "idempotency_cluster",
  "budgets",
  "replies",
  "breaker",
  "issuer",
  "issuers",
  "tokens",
  "limits",
  "adaptive",
  "callers",
  "descriptors",
  "unread",
  "bodies",
  "memory",
  "smuggling",
  "paths",
  "fuzz",
  "stopping",
  "crash",
  "idempotency_crash",
  "idempotency_random",
  "callbacks",
  "callbacks_once",
  "telemetry",
  "clock",
  "idempotency_clock",
  "files",
  "privilege",
  "soak",
] as const;

/** Every drill, in order. */
export async function allDrills(): Promise<Drill[]> {
  const modules: { default: readonly Drill[] }[] = await Promise.all(
    FILES.map((file) => import(new URL(`${file}.drill.ts`, import.meta.url).href)),
  );
  return modules.flatMap((module) => module.default);
}
