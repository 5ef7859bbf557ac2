import { getLogger } from "@logtape/logtape";
import { fetchFailure } from "../auth/fetch_failure.ts";
import { faultText, type KeyFault } from "../auth/signing_keys.ts";

/** Maximum number of keys named in one log line; a key set may have thousands. */
const MAX_NAMED_KEYS = 10;

/** Logs changes in the state of the issuer's key set. */
export interface KeySetLog {
  /** Logs when fetches start to fail, and when they succeed again. */
  refreshed(outcome: "ok" | "failed", cause?: unknown): void;
  /** Logs the keys that cannot be used, if they have changed since the last call. */
  faulty(faults: readonly KeyFault[]): void;
}

/** @param url of the key set; it is logged without credentials and query */
export function keySetLog(url: string): KeySetLog {
  const logger = getLogger("sms-gateway");
  const { origin, pathname } = new URL(url);
  const where = { url: origin + pathname };
  let isFailing = false;
  let lastFaults = "";
  return {
    refreshed(outcome, cause) {
      if (isFailing === (outcome === "failed")) return;
      isFailing = !isFailing;
      if (isFailing) {
        logger.warning("key set not fetched", { ...where, reason: fetchFailure(cause) });
      } else logger.info("key set fetched again", where);
    },
    faulty(faults) {
      const keys = faults.slice(0, MAX_NAMED_KEYS).map(faultText).join("; ");
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
