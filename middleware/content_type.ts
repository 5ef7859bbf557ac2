import { parseMediaType } from "@std/media-types/parse-media-type";
import { GatewayError } from "../errors/gateway_error.ts";
import type { Check } from "./checks.ts";
import { declaresBody } from "./declared_body.ts";

/**
 * Answers 415 unless a request with a body declares JSON in UTF-8 without a content coding
 * (contract.md §2; RFC 8259 §8.1: JSON is UTF-8).
 */
export function contentType(): Check {
  return function contentType(c) {
    if (declaresBody(c.req.raw)) requireJson(c.req.raw.headers);
  };
}

/**
 * Checks the headers of a request that has a body.
 *
 * @throws {GatewayError} `unsupported_media_type`
 */
export function requireJson(headers: Headers): void {
  const type = headers.get("content-type") ?? "";
  if (type !== "application/json") checkMediaType(type); // most send exactly that
  const coding = headers.get("content-encoding");
  if (coding && coding.toLowerCase() !== "identity") {
    throw unsupported("Send the body without Content-Encoding: the SMS API takes plain JSON.");
  }
}

/** The media type alone or with parameters (RFC 9110 §8.3.1), of which only `charset` matters. */
function checkMediaType(type: string): void {
  const { name, charset = "utf-8" } = parsed(type);
  if (name !== "application/json") throw unsupported();
  if (charset.toLowerCase() !== "utf-8") {
    throw unsupported("Send the body in UTF-8, as Content-Type: application/json.");
  }
}

function parsed(type: string): { name?: string; charset?: string | undefined } {
  try {
    const [name, parameters] = parseMediaType(type);
    return { name, charset: parameters?.charset };
  } catch {
    return {}; // malformed, or with a duplicate parameter
  }
}

function unsupported(text?: string): GatewayError {
  return new GatewayError("unsupported_media_type", {
    headers: { accept: "application/json" },
    ...(text && { text }),
  });
}
