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

const strictDecoder = new TextDecoder("utf-8", { fatal: true });

/** Replaces bytes that are not UTF-8. */
const lenientDecoder = new TextDecoder();

/** The top-level members that the gateway reads. */
const MEMBERS: ReadonlySet<string> = new Set([
  "to",
  "to_add",
  "to_remove",
  "from",
  "body",
  "type",
  "parameters",
  "truncate_concat",
]);

/**
 * Reads the body of a send, in time proportional to its length. A body that is not a JSON object
 * is left to the API, which refuses it (contract.md §7). Other readers can be more lenient than the
 * gateway: they may stop reading after the first value, detect UTF-16, decode an overlong form of a
 * character, take the first of two members with one name, or ignore the case of names. What they
 * could read so is ambiguous.
 */
export function readMessage(body: Uint8Array): ReadMessage {
  const { text, isUtf8 } = decoded(body);
  const value = parsed(text);
  if (isObject(value)) {
    const isAmbiguous = !isUtf8 || hasRepeatedMember(text) ||
      Object.keys(value).some(isMemberInAnotherCase);
    return { message: value, isAmbiguous };
  }
  return { isAmbiguous: !isUtf8 || (value === undefined && isReadByOthers(text)) };
}

function decoded(body: Uint8Array): { text: string; isUtf8: boolean } {
  try {
    return { text: strictDecoder.decode(body), isUtf8: true };
  } catch {
    return { text: lenientDecoder.decode(body), isUtf8: false };
  }
}

/** Both conversions, since some letters outside of ASCII have an ASCII letter in one case only. */
function isMemberInAnotherCase(name: string): boolean {
  return !MEMBERS.has(name) && MEMBERS.has(name.toUpperCase().toLowerCase());
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
