import { getLogger } from "@logtape/logtape";

/** Why an export was not accepted, or not all of it. */
export interface ExportProblem {
  /** The message of the log line. */
  readonly message:
    | "collector unreachable"
    | "collector refuses exports"
    | "collector rejects part of the exports";
  /** What the collector answered, where it did. */
  readonly status?: number | undefined;
  /** The cause, as fetch or the collector put it; it is cut and cleaned before it is logged. */
  readonly reason?: string | undefined;
}

/** Longest reason that is logged, in characters: it may come from the collector. */
const MAX_REASON_LENGTH = 300;

/**
 * Logs when the exports of a signal start to fail, fail in another way, and succeed again: one
 * line per change, not per batch.
 */
export class ExportLog {
  #state = "";
  readonly #properties: { readonly signal: string; readonly collector: string };

  /** @param url where exports go; what is logged of it has no credentials and no query */
  constructor(signal: "traces" | "metrics", url: string) {
    const { origin, pathname } = new URL(url);
    this.#properties = { signal, collector: origin + pathname };
  }

  /** Takes note of the latest export; `problem` is undefined where it was accepted. */
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
      ...(reason && { reason: printable(reason) }),
    });
  }
}

/** A text of another program, safe to write to a terminal. */
function printable(text: string): string {
  return text.slice(0, MAX_REASON_LENGTH).replaceAll(/\p{Cc}/gu, " ").toWellFormed();
}
