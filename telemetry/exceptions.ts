import type { AttributeValue } from "@opentelemetry/api";
import { GatewayError } from "../errors/gateway_error.ts";
import { TransportError } from "../errors/transport_error.ts";

/** Codes of expected errors whose message quotes the content of a token. */
const CODES_WITH_TOKEN_CONTENT: ReadonlySet<string> = new Set(["ERR_JOSE_NOT_SUPPORTED"]);

/**
 * The attributes of a failure's exception event (semantic conventions, exceptions). The message of
 * an unexpected error may quote the input that caused it: only its type and stack are recorded.
 */
export function exceptionAttributes(thrown: unknown): Record<string, AttributeValue> {
  const cause = thrown instanceof GatewayError ? thrown.cause : thrown;
  if (!(cause instanceof Error)) return { "exception.type": typeof cause };
  const type = "code" in cause && typeof cause.code === "string" ? cause.code : cause.name;
  if (isExpected(thrown)) {
    // No stack trace: to format one, Deno opens source files, and it ends the process when no file
    // descriptor is left.
    return {
      "exception.type": type,
      ...(!CODES_WITH_TOKEN_CONTENT.has(type) && { "exception.message": cause.message }),
    };
  }
  const frames = framesOf(cause);
  return {
    "exception.type": type,
    ...(frames && { "exception.stacktrace": `${type}\n${frames}` }),
  };
}

/** The stack without the message, which may contain lines that look like stack frames. */
function framesOf({ stack = "", message }: Error): string {
  const end = stack.indexOf(message) + message.length;
  return stack.slice(end).split("\n").filter((line) => line.startsWith("    at ")).join("\n");
}

/** Network failures and rejected tokens: their messages consist of fixed words and addresses. */
function isExpected(thrown: unknown): boolean {
  return thrown instanceof TransportError ||
    (thrown instanceof GatewayError && thrown.failure.code !== "internal_error");
}
