/** The members of a send that tell which batch it became (contract.md §5). */
export interface SentMessage {
  readonly clientReference: string;
  readonly to: ReadonlySet<string>;
  /** Absent if the SMS API chooses the sender. */
  readonly from?: string | undefined;
  readonly type: string;
  /** The text; of other types the `body` member. */
  readonly body: unknown;
  /** The user data header of a binary message. */
  readonly udh?: unknown;
  /** The values of placeholders in the text. */
  readonly parameters?: unknown;
}

/** A batch in a listing of the API. */
export interface ListedBatch extends Record<string, unknown> {
  readonly id: string;
  readonly created_at: string;
}

/**
 * The `client_reference` in the body of a send; undefined if it has none, or is no JSON object,
 * which the API refuses.
 */
export function clientReferenceOf(body: Uint8Array): string | undefined {
  return text(parseObject(body)?.client_reference);
}

/** The message in the body of a send; undefined without `client_reference` and recipients. */
export function readMessage(body: Uint8Array): SentMessage | undefined {
  const message = parseObject(body);
  return message && toMessage(message);
}

/** Whether a listed batch has the same reference, recipients, sender, type and text. */
export function isSameMessage(sent: SentMessage, batch: ListedBatch): boolean {
  const listed = toMessage(batch);
  return listed !== undefined &&
    listed.clientReference === sent.clientReference &&
    listed.to.size === sent.to.size && [...sent.to].every((one) => listed.to.has(one)) &&
    (sent.from === undefined || listed.from === sent.from) &&
    listed.type === sent.type &&
    isSameContent(sent.body, listed.body) && isSameContent(sent.udh, listed.udh) &&
    isSameContent(sent.parameters ?? undefined, listed.parameters, { whole: true });
}

function toMessage(message: Record<string, unknown>): SentMessage | undefined {
  const clientReference = text(message.client_reference);
  const { to, from, type, body, udh, parameters } = message;
  if (!clientReference || !Array.isArray(to)) return undefined;
  return {
    clientReference,
    to: new Set(to.map((one) => address(String(one)))),
    from: text(from) && address(String(from)),
    type: text(type) ?? "mt_text", // the API's default
    body,
    udh,
    parameters,
  };
}

/** A number as the API writes it, in digits; sender names and group ids unchanged. */
function address(value: string): string {
  const trimmed = value.trim();
  if (!/^\+?[\d\s().-]+$/.test(trimmed)) return trimmed;
  return trimmed.replace(/\D/g, "").replace(/^00/, "");
}

/**
 * Whether the API lists what was sent. To the body of a media message it may add members, to
 * parameters not.
 */
function isSameContent(sent: unknown, listed: unknown, { whole = false } = {}): boolean {
  if (!isObject(sent)) {
    const isEmpty = isObject(listed) && Object.keys(listed).length === 0;
    return (sent ?? undefined) === (isEmpty ? undefined : listed ?? undefined);
  }
  if (!isObject(listed)) return Object.keys(sent).length === 0;
  const names = Object.keys(whole ? { ...sent, ...listed } : sent);
  return names.every((name) => isSameContent(sent[name], listed[name], { whole }));
}

function parseObject(body: Uint8Array): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(body));
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
