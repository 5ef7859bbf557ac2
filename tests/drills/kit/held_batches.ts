import { PLAN } from "./gateway_process.ts";

/** A batch as the SMS API lists it. */
export interface HeldBatch extends Readonly<Record<string, unknown>> {
  readonly id: string;
  readonly created_at: string;
}

interface Held {
  readonly batch: HeldBatch;
  readonly listed: boolean;
}

/** The body of a send. Its text tells the messages of a drill from each other. */
export function messageOf(text: string, { reference = true } = {}): Record<string, unknown> {
  return {
    from: "12025550199",
    to: ["+12025550123"],
    body: text,
    ...reference && { client_reference: text },
  };
}

/** The batches that the SMS API of a drill has created: what it did, whatever it answered. */
export class HeldBatches {
  readonly #byText = new Map<string, Held[]>();
  #count = 0;

  /** Processes the body of a POST. One that is not `listed` cannot be found out. */
  create(body: string, { listed = true } = {}): HeldBatch {
    const { to, ...message } = JSON.parse(body);
    const created_at = new Date().toISOString();
    const batch: HeldBatch = {
      id: `01HELD${String(++this.#count).padStart(20, "0")}`,
      ...message,
      to: to.map((number: string) => number.replace("+", "")),
      type: "mt_text",
      canceled: false,
      created_at,
      modified_at: created_at,
    };
    const held = this.#byText.get(message.body);
    if (held) held.push({ batch, listed });
    else this.#byText.set(message.body, [{ batch, listed }]);
    return batch;
  }

  /** The batches with this text, listed or not. */
  of(text: string): readonly HeldBatch[] {
    return this.#byText.get(text)?.map(({ batch }) => batch) ?? [];
  }

  /** The answer to `GET /batches?client_reference=…`; a reference is the text of its message. */
  list(target: string): { count: number; batches: readonly HeldBatch[] } & Record<string, unknown> {
    const { pathname, searchParams } = new URL(target, "http://sms.test");
    if (pathname !== `/xms/v1/${PLAN}/batches`) throw new Error(`an unexpected GET of ${target}`);
    const reference = searchParams.get("client_reference") ?? "";
    const page = Number(searchParams.get("page") ?? 0);
    const pageSize = Number(searchParams.get("page_size") ?? 30);
    const found = (this.#byText.get(reference) ?? [])
      .filter(({ batch, listed }) => listed && batch.client_reference === reference)
      .map(({ batch }) => batch);
    const batches = found.slice(page * pageSize, (page + 1) * pageSize);
    return { count: found.length, page, page_size: batches.length, batches };
  }
}

/** The head of a listing needs a date, from which the age of a batch is counted. */
export function dateHeader(): { date: string } {
  return { date: new Date().toUTCString() };
}
