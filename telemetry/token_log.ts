import { getLogger } from "@logtape/logtape";

/** Maximum number of service plans named in one log line; thousands can have the same key. */
const MAX_NAMED_PLANS = 10;

/** What became of a fetch of an OAuth token. */
export interface LoggedFetch {
  /** Undefined if there is a token. */
  readonly error?: Error;
  /** Tells access keys apart; it is not logged. */
  readonly keyId: string;
  /** The service plans and projects that use the token. */
  readonly servicePlans: readonly string[];
}

/**
 * Logs once when the OAuth tokens of an access key cannot be fetched, again when the reason changes,
 * and once when they can. The key is named by its service plans and projects.
 *
 * @param tokenUrl of the token endpoint; it is logged without query
 */
export function tokenLog(tokenUrl: string): (fetched: LoggedFetch) => void {
  const logger = getLogger("sms-gateway");
  const { origin, pathname } = new URL(tokenUrl);
  const lastReasons = new Map<string, string>();
  return ({ error, keyId, servicePlans }) => {
    const reason = error?.message;
    if (reason === lastReasons.get(keyId)) return;
    const service_plan_ids = servicePlans.slice(0, MAX_NAMED_PLANS).join(", ");
    const where = { url: origin + pathname, service_plan_ids };
    if (reason === undefined) {
      lastReasons.delete(keyId);
      logger.info("OAuth token fetched again", where);
    } else {
      lastReasons.set(keyId, reason);
      logger.error("OAuth token not fetched", { ...where, reason });
    }
  };
}
