import type { TransportFailureReason } from "../errors/transport_error.ts";

/** Response headers of undici as pairs, repeated where the upstream repeated them. */
export function headerPairs(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): [name: string, value: string][] {
  const pairs: [string, string][] = [];
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value === "string") pairs.push([name, value]);
    else for (const one of value ?? []) pairs.push([name, one]);
  }
  return pairs;
}

/** Error codes of undici and of the operating system; all others are network failures. */
const REASONS: Readonly<Record<string, TransportFailureReason>> = {
  UND_ERR_INVALID_ARG: "invalid_request",
  EMFILE: "no_descriptor",
  ENFILE: "no_descriptor",
};

/** Why undici failed, by the code of its error. */
export function failureReason(error: Error): TransportFailureReason {
  return "code" in error && REASONS[String(error.code)] || "network";
}
