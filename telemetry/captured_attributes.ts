import { type Attributes, propagation, ROOT_CONTEXT } from "@opentelemetry/api";
import { W3CBaggagePropagator } from "@opentelemetry/core";
import { headersGetter } from "./headers_getter.ts";

/** What of a request becomes attributes of its SERVER span; both are allow-lists. */
export interface CapturedNames {
  /** Members of the caller's `baggage`. */
  readonly baggage: readonly string[];
  /** Names of request headers, in lower case. */
  readonly requestHeaders: readonly string[];
}

/** Longest value of an attribute, in characters: the caller chooses it. */
const MAX_VALUE_LENGTH = 256;

const propagator = new W3CBaggagePropagator();

/**
 * Returns a function from the headers of a request to the attributes that are allow-listed: baggage
 * members by their name, headers as `http.request.header.<name>` (HTTP semantic conventions);
 * undefined if nothing is listed, so that it costs nothing.
 */
export function capturedAttributes(
  { baggage, requestHeaders }: CapturedNames,
): ((headers: Headers) => Attributes) | undefined {
  if (baggage.length === 0 && requestHeaders.length === 0) return undefined;
  const attributeNames = requestHeaders.map((name) => [name, `http.request.header.${name}`]);
  return function capturedAttributes(headers) {
    const captured: Attributes = baggage.length > 0 ? membersOf(headers, baggage) : {};
    for (const [name = "", attribute = ""] of attributeNames) {
      const value = headers.get(name);
      if (value !== null) captured[attribute] = [shortened(value)];
    }
    return captured;
  };
}

/** The listed members of `baggage` (W3C Baggage); what cannot be parsed is ignored. */
function membersOf(headers: Headers, names: readonly string[]): Attributes {
  if (!headers.has("baggage")) return {};
  const members = propagation.getBaggage(propagator.extract(ROOT_CONTEXT, headers, headersGetter));
  const found: Attributes = {};
  for (const name of names) {
    const value = members?.getEntry(name)?.value;
    if (value !== undefined) found[name] = shortened(value);
  }
  return found;
}

function shortened(value: string): string {
  return value.slice(0, MAX_VALUE_LENGTH).toWellFormed();
}
