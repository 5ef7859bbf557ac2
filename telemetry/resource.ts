import { VERSION } from "../version.ts";

/** The resource attributes of spans and metrics, by the semantic conventions of a service. */
export function resourceAttributes(serviceName: string): Record<string, string> {
  return { "service.name": serviceName, "service.version": VERSION };
}
