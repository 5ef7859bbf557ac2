import { createHash } from "node:crypto";
import { DELIVERY_STATUSES } from "../schemas/delivery_reports.ts";

/** How many messages have a status. */
export interface StatusCount {
  /** One of {@linkcode DELIVERY_STATUSES}, or `_OTHER`. */
  readonly status: string;
  /** A code of the API or of an operator; undefined if it is none. */
  readonly code: number | undefined;
  readonly count: number;
}

/** What the gateway reads of a callback; unknown types and members are passed on all the same. */
export interface CallbackEvent {
  /** One of {@linkcode CALLBACK_TYPES}, or `_OTHER`. */
  readonly type: string;
  /** The batch that it is about. */
  readonly batchId: string | undefined;
  /** The statuses it reports: one of a recipient, or all of a batch. */
  readonly statuses: readonly StatusCount[];
  /** Whether it is about one recipient. */
  readonly isOfRecipient: boolean;
  /** When the API made the report, in ms since the epoch. */
  readonly atMs: number | undefined;
  /** Only of an inbound message: what its service is chosen by. */
  readonly inbound: InboundAddress | undefined;
  /** Two callbacks with the same identity say the same. */
  readonly identity: string;
}

/** Where an inbound message was sent to, and its first word in upper case. */
export interface InboundAddress {
  /** Digits only. */
  readonly to: string;
  readonly keyword: string | undefined;
}

/** The documented types; the API says that others will come. */
export const CALLBACK_TYPES: ReadonlySet<string> = new Set([
  "mo_text",
  "mo_binary",
  "mo_media",
  "delivery_report_sms",
  "delivery_report_mms",
  "recipient_delivery_report_sms",
  "recipient_delivery_report_mms",
]);

/** Replaces a type or status that is not documented: it may hold anything. */
export const OTHER = "_OTHER";

const STATUSES: ReadonlySet<string> = new Set(DELIVERY_STATUSES);

/** Ids of the API. */
const ID = /^[A-Za-z0-9_-]{1,128}$/;

const MAX_CODE = 9_999;

type Members = Readonly<Record<string, unknown>>;

/** Reads a callback; undefined if it is not a JSON object in UTF-8. */
export function readCallback(body: Uint8Array): CallbackEvent | undefined {
  const members = parseObject(body);
  if (!members) return undefined;
  const { type, batch_id } = members;
  const isOfRecipient = typeof type === "string" && type.startsWith("recipient_delivery_report");
  return {
    type: typeof type === "string" && CALLBACK_TYPES.has(type) ? type : OTHER,
    batchId: typeof batch_id === "string" && ID.test(batch_id) ? batch_id : undefined,
    statuses: statusesOf(members),
    isOfRecipient,
    atMs: timeOf(members.at),
    inbound: inboundOf(members),
    identity: identityOf(members, isOfRecipient) ?? digest(body),
  };
}

function parseObject(body: Uint8Array): Members | undefined {
  try {
    // With ignoreBOM the text is that of all bytes, and a byte order mark is no JSON.
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body);
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** A report of a recipient has its status itself; one of a batch has a list of them. */
function statusesOf({ status, code, statuses }: Members): StatusCount[] {
  if (status !== undefined) return [statusCount({ status, code, count: 1 })];
  return Array.isArray(statuses) ? statuses.filter(isObject).map(statusCount) : [];
}

function statusCount({ status, code, count }: Members): StatusCount {
  return {
    status: typeof status === "string" && STATUSES.has(status) ? status : OTHER,
    code: isWholeNumber(code) && code <= MAX_CODE ? code : undefined,
    count: isWholeNumber(count) ? count : 0,
  };
}

function inboundOf({ type, to, body }: Members): InboundAddress | undefined {
  if (typeof type !== "string" || !type.startsWith("mo_")) return undefined;
  const words = type === "mo_text" && typeof body === "string" ? body.slice(0, 512) : "";
  return {
    to: typeof to === "string" ? to.replace(/\D/g, "") : "",
    keyword: /\S+/.exec(words)?.[0].toUpperCase(),
  };
}

/**
 * A report by batch, recipient, status and code, an inbound message by its id. Undefined where one
 * of these is missing or not as documented: such callbacks are the same only if all their bytes are.
 */
function identityOf(
  { type, batch_id, recipient, status, code, id }: Members,
  isOfRecipient: boolean,
): string | undefined {
  if (isOfRecipient) {
    const number = typeof recipient === "string" ? recipient.replace(/^\+/, "") : undefined;
    const isComplete = [batch_id, number, status].every(isName) &&
      (code === undefined || isWholeNumber(code));
    return isComplete ? JSON.stringify([type, batch_id, number, status, code]) : undefined;
  }
  const isInbound = typeof type === "string" && type.startsWith("mo_");
  return isInbound && isName(id) ? JSON.stringify([type, id]) : undefined;
}

function digest(body: Uint8Array): string {
  return createHash("sha256").update(body).digest("base64url");
}

function timeOf(value: unknown): number | undefined {
  const ms = typeof value === "string" ? Date.parse(value) : NaN;
  return Number.isNaN(ms) ? undefined : ms;
}

function isWholeNumber(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function isName(value: unknown): boolean {
  return typeof value === "string" && value !== "";
}

function isObject(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
