import type { MessageBody } from "./message.ts";
import { readRecipients, type Recipients } from "./recipients.ts";

/** Options of {@linkcode changed}. */
export interface ChangeOptions {
  /** Whether the body is the whole new message; else it has only what changes. */
  readonly isNew: boolean;
}

/** The message and the recipients of a batch after a change, as the SMS API makes it. */
export function changed(
  batch: MessageBody,
  body: MessageBody,
  { isNew }: ChangeOptions,
): [message: MessageBody, recipients: Recipients] {
  const added = readRecipients(body.to, body.to_add);
  if (isNew) return [body, added];
  const before = readRecipients(batch.to);
  const removed = readRecipients(body.to_remove);
  const recipients = {
    numbers: remaining(before.numbers, removed.numbers, added.numbers),
    groups: remaining(before.groups, removed.groups, added.groups),
    unreadable: before.unreadable + added.unreadable,
  };
  return [{ ...batch, ...body, type: batch.type }, recipients];
}

/** What is both removed and added counts as added: the SMS API does not say which it does last. */
function remaining(
  before: ReadonlySet<string>,
  removed: ReadonlySet<string>,
  added: ReadonlySet<string>,
): ReadonlySet<string> {
  return new Set([...[...before].filter((one) => !removed.has(one)), ...added]);
}
