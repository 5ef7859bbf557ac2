/** The rules for a batch that its JSON schema does not express. */

import type { Call } from "./call.ts";
import { Refusal } from "./errors.ts";
import { refuseMagicValues } from "./magic.ts";
import type { Substitutions } from "../policies/message_parts.ts";
import { toMsisdn, toSender } from "../policies/msisdn.ts";
import { readTimestamp } from "./paging.ts";
import type { Plan } from "./plan.ts";
import { checkTargets } from "./recipients.ts";
import type { Message } from "./resources.ts";

/** Default and longest time to deliver, counted from `send_at`. */
const MAX_LIFETIME_MS = 3 * 24 * 60 * 60 * 1000;

/** A binary SMS has at most 140 bytes, including its header. */
const MAX_BINARY_BYTES = 140;

/** A message that fulfils every rule, and its times in ms since the epoch. */
export interface CheckedMessage {
  message: Message;
  /** The message's `parameters` by recipient; undefined if it has none. */
  substitutions: Substitutions | undefined;
  /** When the message was checked. */
  nowMs: number;
  /** When sending starts. */
  startMs: number;
  expireAtMs: number;
}

/** Canonicalises `request` and checks every rule. Throws a 400, or else a 403. */
export function checkMessage(call: Call, request: Message): CheckedMessage {
  const { plan, settings } = call;
  const nowMs = settings.now();
  const times = checkTimes(request, nowMs);
  if (request.type === "mt_binary") checkBinaryLength(request);
  const message = withoutNulls(request);
  if (message.type === "mt_media") message.body = withoutNulls(message.body);
  if (message.from) message.from = checkSender(message.from);
  const substitutions = substitutionsOf(message);
  message.to = checkTargets(plan, message.to);
  refuseMissingCallback(plan, message);
  refuseMagicValues(plan.id, message);
  return { message, substitutions, nowMs, ...times };
}

/** A copy without the members that are null: null means the same as absent. */
export function withoutNulls<T extends object>(value: T): T {
  const copy = { ...value };
  for (const key in copy) if (copy[key] === null) delete copy[key];
  return copy;
}

function checkTimes(request: Message, nowMs: number): { startMs: number; expireAtMs: number } {
  const startMs = Math.max(readTimestamp("send_at", request.send_at) ?? nowMs, nowMs);
  const expireAtMs = readTimestamp("expire_at", request.expire_at) ?? startMs + MAX_LIFETIME_MS;
  const rules = [
    [expireAtMs > nowMs, "must not be in the past"],
    [expireAtMs > startMs, "must be after send_at"],
    [expireAtMs <= startMs + MAX_LIFETIME_MS, "must be at most 3 days after send_at"],
  ] as const;
  for (const [holds, rule] of rules) {
    if (!holds) throw new Refusal("syntax_constraint_violation", `Field "expire_at" ${rule}.`);
  }
  return { startMs, expireAtMs };
}

function checkBinaryLength(request: { body: string; udh: string }): void {
  const bytes = atob(request.body).length + request.udh.length / 2;
  if (bytes <= MAX_BINARY_BYTES) return;
  throw new Refusal(
    "syntax_constraint_violation",
    `Fields "body" and "udh" must be at most ${MAX_BINARY_BYTES} bytes together, not ${bytes}.`,
  );
}

function checkSender(from: string): string {
  const sender = toSender(from);
  if (sender !== undefined) return sender;
  throw new Refusal(
    "syntax_invalid_parameter_format",
    `Field "from" must be a phone number, a short code or 1 to 11 characters: ${from}.`,
  );
}

/** The parameters by canonical phone number. Throws a 400 for a key that is not a phone number. */
function substitutionsOf(message: Message): Substitutions | undefined {
  if (message.type === "mt_binary" || !message.parameters) return undefined;
  const byName = Object.entries(message.parameters).map(([name, values]) => {
    const byRecipient = Object.entries(values).map(([key, value]) =>
      [toRecipient(name, key), value] as const
    );
    return [name, new Map(byRecipient)] as const;
  });
  return new Map(byName);
}

function toRecipient(name: string, key: string): string {
  const recipient = key === "default" ? key : toMsisdn(key);
  if (recipient !== undefined) return recipient;
  throw new Refusal(
    "syntax_invalid_parameter_format",
    `Field "parameters.${name}" has a key that is not a phone number: ${key}.`,
  );
}

/** A delivery report needs a callback URL: the message's own, or the default of the plan. */
function refuseMissingCallback(plan: Plan, message: Message): void {
  if ((message.delivery_report ?? "none") === "none") return;
  if (message.callback_url || plan.defaultCallbackUrl !== undefined) return;
  throw new Refusal("missing_callback_url", "Requesting delivery report without any callback URL.");
}
