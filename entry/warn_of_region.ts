import { getLogger } from "@logtape/logtape";
import type { Environment } from "../config.ts";

/** Warns where the region is nobody's decision: it says in which country messages are stored. */
export function warnOfRegion({ SMS_REGION, SMS_API_URL }: Environment): void {
  if (SMS_REGION || SMS_API_URL) return;
  getLogger("sms-gateway").warning("SMS_REGION is not set: messages go to the region us", {
    advice: "Set SMS_REGION to the region of your account, where its messages are stored.",
  });
}
