/** The recipients of a batch, and the text that each of them receives. */

import { Refusal } from "./errors.ts";
import { looksLikeGroupId, toMsisdn } from "../policies/msisdn.ts";
import { fillParameters, truncate } from "../policies/message_parts.ts";
import type { Plan } from "./plan.ts";
import { type Batch, batchSize, type Group } from "./resources.ts";

/** Targets in canonical form, without duplicates. Throws a 400, or a 403 for an unknown group. */
export function checkTargets(plan: Plan, targets: readonly string[]): string[] {
  const checked = new Set<string>();
  let unknown: string | undefined;
  for (const target of targets) {
    const number = toMsisdn(target);
    if (number === undefined && !plan.groups.get(target)) {
      if (!looksLikeGroupId(target)) throw badMsisdn(target);
      unknown ??= target;
    }
    checked.add(number ?? target);
  }
  if (unknown !== undefined) throw unknownGroup(unknown);
  return [...checked];
}

/** Phone numbers as digits. Throws a 400 for the first that is not a phone number. */
export function checkMsisdns(numbers: readonly string[]): string[] {
  return numbers.map((number) => {
    const digits = toMsisdn(number);
    if (digits === undefined) throw badMsisdn(number);
    return digits;
  });
}

/** The error for a group that does not exist. */
export function unknownGroup(id: string): Refusal {
  return new Refusal("unknown_group", `The group ID is unknown: ${id}.`);
}

/** The members of a group and of its child groups; a deleted child group has no members. */
export function membersOf(plan: Plan, group: Group): Set<string> {
  if (group.childGroups.length === 0) return group.members;
  const members = new Set<string>();
  const seen = new Set<Group>();
  const pending: (Group | undefined)[] = [group];
  while (pending.length > 0) {
    const next = pending.pop();
    if (!next || seen.has(next)) continue;
    seen.add(next);
    for (const member of next.members) members.add(member);
    for (const id of next.childGroups) pending.push(plan.groups.get(id));
  }
  return members;
}

/** The recipients of a batch: the stored ones, or those of the groups as they are now. */
export function recipientsOf(plan: Plan, batch: Batch): readonly string[] {
  return batch.recipients ?? expand(plan, batch.message.to);
}

/** The phone numbers of `targets`, with the groups as they are now. */
export function expand(plan: Plan, targets: readonly string[]): readonly string[] {
  if (targets.every((target) => toMsisdn(target) !== undefined)) return targets;
  const numbers = new Set<string>();
  for (const target of targets) {
    const group = plan.groups.get(target);
    if (group) { for (const member of membersOf(plan, group)) numbers.add(member); }
    else if (toMsisdn(target) !== undefined) numbers.add(target);
  }
  return [...numbers];
}

/**
 * Stores the recipients of batches whose sending has started. Called before a group changes, since
 * a batch goes to the members that the group had when sending started.
 */
export function fixStartedRecipients(plan: Plan, nowMs: number): void {
  for (const id of plan.unresolvedBatches) {
    const batch = plan.batches.get(id);
    if (batch && batch.startMs > nowMs) continue;
    plan.unresolvedBatches.delete(id);
    if (!batch) continue;
    batch.recipients = expand(plan, batch.message.to);
    plan.batches.set(id, batch, batchSize(batch));
  }
}

/** The text for one recipient; undefined if a parameter has no value for this recipient. */
export function textFor(
  { message, substitutions }: Pick<Batch, "message" | "substitutions">,
  recipient: string,
): string | undefined {
  if (message.type === "mt_binary") return message.body;
  const template = message.type === "mt_text" ? message.body : message.body.message ?? "";
  const filled = substitutions ? fillParameters(template, substitutions, recipient) : template;
  const shorten = message.type === "mt_text" && message.truncate_concat === true;
  return shorten && filled !== undefined ? truncate(filled) : filled;
}

function badMsisdn(number: string): Refusal {
  return new Refusal(
    "syntax_invalid_parameter_format",
    `Not a phone number in international format: ${number}.`,
  );
}
