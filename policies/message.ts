import { hasRepeatedMember } from "./repeated_members.ts";

/** The body of a send: a JSON object. */
export type MessageBody = Readonly<Record<string, unknown>>;

/** A body as the gateway reads it. */
export interface ReadMessage {
  /** Absent if the body is not a JSON object. */
  readonly message?: MessageBody;
  /** Whether the SMS API could read something else in it than the gateway does. */
  readonly isAmbiguous: boolean;
}

const decoder = new TextDecoder("utf-8", { fatal: true });

/**
 * Reads the body of a send, in time proportional to its length. Other readers can be more lenient
 * than the gateway: they may stop reading after the first value, detect UTF-16, or take the first
 * of two members with one name. So whatever is not one JSON object in UTF-8, or has a member twice,
 * is ambiguous.
 */
export function readMessage(body: Uint8Array): ReadMessage {
  try {
    const text = decoder.decode(body);
    const value: unknown = JSON.parse(text);
    if (!isObject(value)) return { isAmbiguous: true };
    return { message: value, isAmbiguous: hasRepeatedMember(text) };
  } catch {
    return { isAmbiguous: true };
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
