import { getLogger } from "@logtape/logtape";

/**
 * Logs once when OAuth tokens of the SMS API cannot be fetched, again when the reason changes, and
 * once when they can.
 *
 * @param tokenUrl of the token endpoint; it is logged without query
 */
export function tokenLog(tokenUrl: string): (error?: Error) => void {
  const logger = getLogger("sms-gateway");
  const { origin, pathname } = new URL(tokenUrl);
  const where = { url: origin + pathname };
  let lastReason: string | undefined;
  return (error) => {
    const reason = error?.message;
    if (reason === lastReason) return;
    lastReason = reason;
    if (reason === undefined) logger.info("OAuth token fetched again", where);
    else logger.error("OAuth token not fetched", { ...where, reason });
  };
}
