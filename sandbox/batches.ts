/** Batches: send, list, get, update, replace, cancel, delivery feedback. */

import { type CheckedMessage, checkMessage } from "./batch_rules.ts";
import { type Call, orNotFound, param, readBody, readQuery, type Reply } from "./call.ts";
import { isDispatched } from "./delivery.ts";
import { Refusal } from "./errors.ts";
import { toNumber, toSender } from "./msisdn.ts";
import { dateFilter, listFilter, pageOf } from "./paging.ts";
import { checkMsisdns, recipientsOf } from "./recipients.ts";
import { type Batch, batchSize, type Message } from "./resources.ts";
import * as schemas from "../schemas/mod.ts";
import { formatTimestamp, parseTimestamp } from "./timestamps.ts";

const SEND = {
  mt_text: schemas.SendTextRequest,
  mt_binary: schemas.SendBinaryRequest,
  mt_media: schemas.SendMediaRequest,
} as const satisfies Record<Message["type"], unknown>;

const UPDATE = {
  mt_text: schemas.UpdateTextRequest,
  mt_binary: schemas.UpdateBinaryRequest,
  mt_media: schemas.UpdateMediaRequest,
} as const satisfies Record<Message["type"], unknown>;

/** The message in the body of a send, dry run or replace; the default `type` is `mt_text`. */
export function readMessage(call: Call): Message {
  const type = typeOf(call.body) ?? "mt_text";
  if (isMessageType(type)) return readBody(call, SEND[type]);
  throw new Refusal(
    "syntax_constraint_violation",
    `Field "type" must be one of ${Object.keys(SEND).join(", ")}.`,
  );
}

/** `POST /batches`. */
export function sendBatch(call: Call): Reply {
  const { nowMs, ...checked } = checkMessage(call, readMessage(call));
  const id = call.settings.newId();
  const batch: Batch = { id, createdAtMs: nowMs, modifiedAtMs: nowMs, ...checked };
  store(call, batch, call.bodyBytes);
  return { status: 201, body: serialize(batch) };
}

/** `GET /batches/{batch_id}`. */
export function getBatch(call: Call): Reply {
  return { status: 200, body: serialize(batchOf(call)) };
}

/** `GET /batches`. */
export function listBatches(call: Call): Reply {
  const query = readQuery(call, schemas.ListBatchesQuery);
  const inDates = dateFilter(query, call.settings.now());
  const isFrom = listFilter(query.from, (item) => toSender(item) ?? item);
  const isTo = listFilter(query.to, (item) => toNumber(item) ?? item);
  const matching = call.plan.batches.newestFirst().filter(({ message, createdAtMs }) =>
    inDates(createdAtMs) &&
    isFrom(message.from ?? call.settings.defaultOriginator) &&
    (query.to === undefined || message.to.some(isTo)) &&
    (query.client_reference === undefined || message.client_reference === query.client_reference)
  );
  const { entries, ...page } = pageOf(matching, query);
  return { status: 200, body: { ...page, batches: entries.map(serialize) } };
}

/** `POST /batches/{batch_id}`. */
export function updateBatch(call: Call): Reply {
  const batch = batchOf(call);
  const { to_add, to_remove, ...change } = readBody(call, UPDATE[batch.message.type]);
  refuseDispatched(call, batch, change);
  const removed = new Set(to_remove?.map((target) => toNumber(target) ?? target));
  const to = [...batch.message.to, ...to_add ?? []].filter((target) =>
    !removed.has(toNumber(target) ?? target)
  );
  if (to.length < 1 || to.length > 1000) {
    throw new Refusal("syntax_constraint_violation", "A batch has 1 to 1000 recipients.");
  }
  const given = Object.fromEntries(
    Object.entries(change).filter(([, value]) => value !== undefined),
  );
  const body = { ...batch.message, ...given, to };
  const checked = checkMessage(call, readMessage({ ...call, body }));
  const startMs = "send_at" in given ? checked.startMs : Math.min(checked.startMs, batch.startMs);
  return saveChange(call, batch, { ...checked, startMs });
}

/** `PUT /batches/{batch_id}`. */
export function replaceBatch(call: Call): Reply {
  const batch = batchOf(call);
  const message = readMessage(call);
  refuseDispatched(call, batch, message);
  return saveChange(call, batch, checkMessage(call, message));
}

/** `DELETE /batches/{batch_id}`. */
export function cancelBatch(call: Call): Reply {
  const batch = batchOf(call);
  if (batch.canceledAtMs === undefined) {
    batch.canceledAtMs = batch.modifiedAtMs = call.settings.now();
    call.onBatch(call.plan, batch);
  }
  return { status: 200, body: serialize(batch) };
}

/** `POST /batches/{batch_id}/delivery_feedback`. */
export function confirmDelivery(call: Call): Reply {
  const batch = batchOf(call);
  const { recipients } = readBody(call, schemas.DeliveryFeedbackRequest);
  const confirmed = checkMsisdns(recipients);
  const targets = new Set(recipientsOf(call.plan, batch));
  const toGroup = batch.message.to.some((target) => call.plan.groups.get(target));
  const rules = [
    [batch.message.feedback_enabled === true, "Feedback was not enabled for the batch."],
    [confirmed.length > 0 || !toGroup, "A batch to a group needs a recipient in its feedback."],
    [confirmed.every((one) => targets.has(one)), "A recipient is not a target of the batch."],
  ] as const;
  for (const [holds, rule] of rules) {
    if (!holds) throw new Refusal("syntax_constraint_violation", rule);
  }
  return { status: 202 };
}

/** A batch as the API writes it. */
function serialize(batch: Batch) {
  const { send_at, ...message } = batch.message;
  return {
    id: batch.id,
    ...message,
    canceled: batch.canceledAtMs !== undefined,
    created_at: formatTimestamp(batch.createdAtMs),
    modified_at: formatTimestamp(batch.modifiedAtMs),
    delivery_report: message.delivery_report ?? "none",
    ...send_at && { send_at: formatTimestamp(parseTimestamp(send_at) ?? batch.startMs) },
    expire_at: formatTimestamp(batch.expireAtMs),
    ...message.type === "mt_text" && { flash_message: message.flash_message ?? false },
  };
}

/** The batch that the path names. Throws a 404 if there is none. */
export function batchOf(call: Call): Batch {
  return orNotFound(call.plan.batches.get(param(call, "batch_id")));
}

function saveChange(
  call: Call,
  batch: Batch,
  { nowMs, ...change }: CheckedMessage,
): Reply {
  Object.assign(batch, change, { modifiedAtMs: nowMs });
  delete batch.recipients;
  store(call, batch, batchSize(batch));
  return { status: 200, body: serialize(batch) };
}

function store({ plan, onBatch }: Call, batch: Batch, bytes: number): void {
  plan.batches.set(batch.id, batch, bytes);
  if (batch.message.to.some((target) => plan.groups.get(target))) {
    plan.unresolvedBatches.add(batch.id);
  }
  onBatch(plan, batch);
}

/** Throws a 403 if the batch is canceled, or dispatched to the operator. */
function refuseDispatched(call: Call, batch: Batch, change: { send_at?: unknown }): void {
  const canceled = batch.canceledAtMs !== undefined;
  if (!canceled && !isDispatched(batch, call.settings)) return;
  if (!canceled && change.send_at !== undefined) {
    throw new Refusal("conflict_send_at", "The batch has been sent; send_at cannot change.");
  }
  throw new Refusal(
    "batch_already_dispatched",
    `The batch has already been ${canceled ? "canceled" : "dispatched"}.`,
  );
}

function isMessageType(type: string): type is Message["type"] {
  return Object.hasOwn(SEND, type);
}

function typeOf(body: unknown): string | undefined {
  if (typeof body !== "object" || body === null || !("type" in body)) return undefined;
  return typeof body.type === "string" ? body.type : undefined;
}
