import process from "node:process";
import type { ProcessUsage } from "../telemetry/metric_sources.ts";

const startTimeS = (Date.now() - process.uptime() * 1_000) / 1_000;

/** CPU time and memory of this process. */
export function processUsage(): ProcessUsage {
  const { user, system } = process.cpuUsage();
  return { cpuS: (user + system) / 1e6, residentBytes: process.memoryUsage().rss, startTimeS };
}
