import { ErrorReply } from "@redis/client";
import { networkCause } from "../errors/network_cause.ts";
import { StateError } from "./store.ts";

/** Errors of the client for commands that it did not send. */
const NOT_SENT: ReadonlySet<string> = new Set(["ClientOfflineError", "ClientClosedError"]);

/**
 * What a failure of Redis means. Of an error reply only the code is kept: an old server quotes the
 * arguments of a command that it does not know, and `HELLO` has the password in them.
 */
export function toStateError(error: unknown): StateError {
  if (error instanceof StateError) return error;
  if (!(error instanceof Error)) return new StateError("failed", { maybeDone: true });
  if (error instanceof ErrorReply) return fromReply(replyCode(error));
  const isNotSent = NOT_SENT.has(error.constructor.name) || error.message === "The queue is full";
  return new StateError("unreachable", {
    detail: networkCause(error) ?? (isNotSent ? "not connected" : "connection broken"),
    maybeDone: !isNotSent,
  });
}

/** `READONLY` of "READONLY You can't write against a read only replica." */
export function replyCode(error: unknown): string | undefined {
  return error instanceof ErrorReply ? /^[A-Z]+/.exec(error.message)?.[0] ?? "ERR" : undefined;
}

function fromReply(code = "ERR"): StateError {
  // A script that was not run to its end may have written.
  return code === "OOM"
    ? new StateError("full", { detail: "Redis has reached maxmemory" })
    : new StateError("failed", { detail: `Redis answered ${code}`, maybeDone: code === "ERR" });
}
