/** The dry run: the messages of a batch, without sending it. */

import { type CheckedMessage, checkMessage } from "./batch_rules.ts";
import { readMessage } from "./batches.ts";
import { type Call, readQuery, type Reply } from "./call.ts";
import { measure } from "../policies/message_parts.ts";
import { expand, textFor } from "./recipients.ts";
import { DryRunQuery } from "../schemas/mod.ts";

/** `POST /batches/dry_run`. */
export function dryRun(call: Call): Reply {
  const query = readQuery(call, DryRunQuery);
  const checked = checkMessage(call, readMessage(call));
  const recipients = expand(call.plan, checked.message.to);
  const details = recipients.map((recipient) => detail(checked, recipient));
  return {
    status: 200,
    body: {
      number_of_recipients: details.length,
      number_of_messages: details.reduce((sum, { number_of_parts }) => sum + number_of_parts, 0),
      ...query.per_recipient && { per_recipient: details.slice(0, query.number_of_recipients) },
    },
  };
}

function detail(checked: CheckedMessage, recipient: string) {
  const { message } = checked;
  const template = message.type === "mt_media" ? message.body.message ?? "" : message.body;
  const body = textFor(checked, recipient) ?? template;
  const { parts, encoding } = measure(body);
  // A binary message and an MMS are never split.
  return { recipient, number_of_parts: message.type === "mt_text" ? parts : 1, body, encoding };
}
