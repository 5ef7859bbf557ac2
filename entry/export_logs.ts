import type { Config } from "../config.ts";
import { LogExporter } from "../telemetry/log_exporter.ts";
import { resourceAttributes } from "../telemetry/resource.ts";
import { collectorFetch } from "./outgoing_fetch.ts";

/** Log records on their way to a collector. */
export interface LogExport {
  readonly exporter: LogExporter;
  /** Takes over changed headers and certificates. */
  reconfigure(config: Config): void;
}

/** Starts the export of log records; undefined if it is off. */
export function exportLogs(config: Config): LogExport | undefined {
  const { logs, resource } = config.telemetry;
  if (!logs) return undefined;
  const target = { ...logs };
  let send = collectorFetch(config);
  const exporter = new LogExporter({
    target,
    resource: resourceAttributes(resource),
    fetch: (...request) => send(...request),
  });
  return {
    exporter,
    reconfigure(changed) {
      send = collectorFetch(changed);
      Object.assign(target, changed.telemetry.logs);
    },
  };
}
