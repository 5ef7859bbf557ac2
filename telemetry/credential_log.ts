import { getLogger } from "@logtape/logtape";
import type { ExchangeObserver } from "./exchange_observer.ts";

/**
 * Logs once when the SMS API refuses the credential of a service plan, and once when it accepts it
 * again. Memory is bounded: only requests for configured plans are sent to the API.
 */
export function credentialLog(): ExchangeObserver {
  const logger = getLogger("sms-gateway");
  const refused = new Set<string>();
  return {
    finished({ servicePlanId = "", attempts }) {
      const status = attempts.at(-1)?.status;
      if (status === undefined) return;
      if (status === 401) {
        if (refused.has(servicePlanId)) return;
        refused.add(servicePlanId);
        logger.error("the SMS API refuses the credential of a service plan", {
          service_plan: servicePlanId,
        });
      } else if (status < 500 && refused.delete(servicePlanId)) {
        logger.info("the SMS API accepts the credential of a service plan again", {
          service_plan: servicePlanId,
        });
      }
    },
  };
}
