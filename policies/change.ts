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
  if (isNew) return [body, readRecipients(body.to)];
  const removed = readRecipients(body.to_remove);
  const { numbers, groups, unreadable } = readRecipients(batch.to, body.to_add);
  const recipients = {
    numbers: without(numbers, removed.numbers),
    groups: without(groups, removed.groups),
    unreadable,
  };
  return [{ ...batch, ...body, type: batch.type }, recipients];
}

/** `Set.difference`, which Node 20 does not have. */
function without(all: ReadonlySet<string>, removed: ReadonlySet<string>): ReadonlySet<string> {
  return new Set([...all].filter((one) => !removed.has(one)));
}
