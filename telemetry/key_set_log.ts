import { getLogger } from "@logtape/logtape";

/** Maximum number of keys named in one log line; a key set may have thousands. */
const MAX_NAMED_KEYS = 10;

/** Logs changes in the state of an issuer's key set. */
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

/**
 * @param url of the key set, or of the issuer whose metadata has it; it is logged without
 * credentials and query
 * @param label names the issuer, as in the metrics
 */
export function keySetLog(url: string, label: () => string): KeySetLog {
  const logger = getLogger("sms-gateway");
  const { origin, pathname } = new URL(url);
  const where = () => ({ issuer: label(), url: origin + pathname });
  let isFailing = false;
  let lastFaults = "";
  return {
    refreshed(outcome, reason) {
      if (isFailing === (outcome === "failed")) return;
      isFailing = !isFailing;
      if (isFailing) {
        logger.warning("key set not fetched", { ...where(), reason });
      } else logger.info("key set fetched again", where());
    },
    faulty(faults) {
      const keys = faults.slice(0, MAX_NAMED_KEYS).join("; ");
      if (keys === lastFaults) return;
      lastFaults = keys;
      logger.warning("keys of the key set cannot be used", {
        ...where(),
        keys,
        count: faults.length,
      });
    },
  };
}
