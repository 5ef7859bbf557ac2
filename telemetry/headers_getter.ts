import type { TextMapGetter } from "@opentelemetry/api";

/** Reads `Headers` for the propagators of OpenTelemetry. */
export const headersGetter: TextMapGetter<Headers> = {
  get: (headers, name) => headers.get(name) ?? undefined,
  keys: (headers) => [...headers.keys()],
};
