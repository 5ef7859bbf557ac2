/** The secret of signed callbacks; a log line that has it fails the drill. */
export const CALLBACK_SECRET = "credential-of-callbacks";

/** What services of the drills verify the gateway with. */
export const WEBHOOK_SECRET = `whsec_${btoa("credential-of-the-service-012345")}`;

/** The value of `CALLBACKS` with one service, and others by name for inbound messages to a number. */
export function callbackSettings(
  url: string,
  { others = {}, ...members }: { others?: Record<string, string>; [member: string]: unknown } = {},
): string {
  const relays = Object.entries({ service: url, ...others })
    .map(([name, url]) => ({ name, url, secret: WEBHOOK_SECRET }));
  const numbers = Object.keys(others).map((relay, index) => ({ to: String(index + 1), relay }));
  return JSON.stringify({
    plans: { "plan-1": { hmac: CALLBACK_SECRET } },
    relays,
    default: "service",
    inbound: numbers,
    ...members,
  });
}
