import { getLogger } from "@logtape/logtape";

/** Keys that one line names; a set may hold thousands. */
const MAX_NAMED = 10;

/** Writes log lines about the issuer's key set. */
export interface KeySetLog {
  /**
   * Writes a line when downloads begin to fail, and one when they succeed again.
   *
   * @param reason why it failed, without secrets
   */
  refreshed(outcome: "ok" | "failed", reason?: string): void;
  /** Writes a line about keys that cannot be used, unless the last one said the same. */
  faulty(faults: readonly string[]): void;
}

/** @param url of the key set; its query and its credentials are not logged */
export function keySetLog(url: string): KeySetLog {
  const logger = getLogger("sms-gateway");
  const { origin, pathname } = new URL(url);
  const where = { url: origin + pathname };
  let isFailing = false;
  let lastFaults = "";
  return {
    refreshed(outcome, reason) {
      if (isFailing === (outcome === "failed")) return;
      isFailing = !isFailing;
      if (isFailing) {
        logger.warning("key set not fetched", { ...where, reason });
      } else logger.info("key set fetched again", where);
    },
    faulty(faults) {
      const keys = faults.slice(0, MAX_NAMED).join("; ");
      if (keys === lastFaults) return;
      lastFaults = keys;
      logger.warning("keys of the key set cannot be used", {
        ...where,
        keys,
        count: faults.length,
      });
    },
  };
}
