import { hasRepeatedMember } from "./repeated_members.ts";

/** The body of a send: a JSON object. */
export type MessageBody = Readonly<Record<string, unknown>>;

/** A body as the gateway reads it. */
export interface ReadMessage {
  /** Absent if the body is not a JSON object; such a body is left to the API, unless ambiguous. */
  readonly message?: MessageBody;
  /** Whether the SMS API could read something else in it than the gateway does. */
  readonly isAmbiguous: boolean;
}

/** Bytes that are not UTF-8 are replaced, as lenient readers do; strict ones refuse the body. */
const decoder = new TextDecoder();

/**
 * Reads the body of a send, in time proportional to its length. A body that is not a JSON object
 * is left to the API, which refuses it (contract.md §7). Other readers can be more lenient than the
 * gateway: they may stop reading after the first value, detect UTF-16, or take the first of two
 * members with one name. What they could read so is ambiguous.
 */
export function readMessage(body: Uint8Array): ReadMessage {
  const text = decoder.decode(body);
  const value = parsed(text);
  if (isObject(value)) return { message: value, isAmbiguous: hasRepeatedMember(text) };
  return { isAmbiguous: value === undefined && isReadByOthers(text) };
}

/** Whether a text that is not JSON is UTF-16 or UTF-32, or begins with a whole JSON value. */
function isReadByOthers(text: string): boolean {
  return text.includes("\0") || isObject(parsed(text.slice(0, endOfFirstValue(text))));
}

/**
 * A string, to the end of the text if its closing quote is missing (else the search would begin
 * again at every quote in it), or a bracket.
 */
const TOKEN = /"(?:[^"\\]|\\.)*(?:"|\\?$)|[{}[\]]/gs;

/** The position after the object or array that a text begins with; its length if that is cut. */
function endOfFirstValue(text: string): number {
  let depth = 0;
  for (const { 0: token, index } of text.matchAll(TOKEN)) {
    if (token === "{" || token === "[") depth++;
    else if (token === "}" || token === "]") depth--;
    if (depth <= 0 && token.length === 1) return index + 1;
  }
  return text.length;
}

/** The value of a JSON text; undefined if it is none. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Whether a JSON value is an object. */
export function isObject(value: unknown): value is MessageBody {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A scalar as text, since the SMS API may accept a number or a boolean in place of a text. */
export function scalarText(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  return typeof value === "number" || typeof value === "boolean" ? String(value) : undefined;
}
