import { GatewayError } from "../errors/gateway_error.ts";
import type { Check } from "./checks.ts";
import { declaresBody } from "./declared_body.ts";

/** The media type alone or with parameters such as a charset (RFC 9110 §8.3.1). */
const JSON_TYPE = /^application\/json[ \t]*(;|$)/i;

/** Answers 415 unless a request with a body declares plain JSON (contract.md §2). */
export function contentType(): Check {
  return function contentType(c) {
    const { headers } = c.req.raw;
    if (!declaresBody(c.req.raw)) return;
    if (!JSON_TYPE.test(headers.get("content-type") ?? "")) throw unsupported();
    const coding = headers.get("content-encoding");
    if (coding && coding.toLowerCase() !== "identity") {
      throw unsupported("Send the body without Content-Encoding: the SMS API takes plain JSON.");
    }
  };
}

function unsupported(text?: string): GatewayError {
  return new GatewayError("unsupported_media_type", {
    headers: { accept: "application/json" },
    ...(text && { text }),
  });
}
