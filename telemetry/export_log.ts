import { getLogger } from "@logtape/logtape";

/** Why an export was rejected, in whole or in part. */
export interface ExportProblem {
  /** The message of the log line. */
  readonly message:
    | "collector unreachable"
    | "collector refuses exports"
    | "collector rejects part of the exports";
  /** The status of the collector's response, if there was one. */
  readonly status?: number | undefined;
  /** The error message of fetch or the collector; truncated and sanitized before it is logged. */
  readonly reason?: string | undefined;
}

/** Longest reason that is logged, in characters: a collector may send any text. */
const MAX_REASON_LENGTH = 300;

/**
 * Logs when exports of a signal start to fail, fail for another reason, or succeed again: one line
 * per change, not per batch.
 */
export class ExportLog {
  #state = "";
  readonly #properties: { readonly signal: string; readonly collector: string };

  /** @param url of the collector; it is logged without credentials and query */
  constructor(signal: "traces" | "metrics" | "logs", url: string) {
    const { origin, pathname } = new URL(url);
    this.#properties = { signal, collector: origin + pathname };
  }

  /** Records the result of the latest export; `problem` is undefined if it was accepted. */
  report(problem: ExportProblem | undefined): void {
    const state = problem ? `${problem.message} ${problem.status ?? ""}` : "";
    if (state === this.#state) return;
    this.#state = state;
    const logger = getLogger("sms-gateway");
    if (!problem) return logger.info("collector accepts exports again", this.#properties);
    const { message, status, reason } = problem;
    logger.warning(message, {
      ...this.#properties,
      ...(status !== undefined && { status }),
      ...(reason && { reason: sanitized(reason) }),
    });
  }
}

/** Truncates a text of another program, and removes control characters and lone surrogates. */
function sanitized(text: string): string {
  return text.slice(0, MAX_REASON_LENGTH).replaceAll(/\p{Cc}/gu, " ").toWellFormed();
}
