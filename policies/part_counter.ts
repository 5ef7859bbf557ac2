import { isObject, type MessageBody, scalarText } from "./message.ts";
import { fillKnownParameters, measure, PLACEHOLDER, type Substitutions } from "./message_parts.ts";
import { toMsisdn } from "./msisdn.ts";

/** Messages of these types are never split. */
const UNSPLIT: ReadonlySet<unknown> = new Set(["mt_binary", "mt_media"]);

/** Longest text that is read, in UTF-16 units: 2,000 characters, as the API allows. */
const MAX_TEMPLATE_UNITS = 4_000;

/**
 * Most UTF-16 units that are read and filled in for one message. Beyond them its parts are an upper bound, so
 * that the work stays in proportion to the size of the body.
 */
const MAX_FILLED_UNITS = 1_000_000;

/** Fewest units of a text that a part of several holds: 67, when a surrogate pair is not split. */
const MIN_PART_UNITS = 66;

/** Counts the message parts for each recipient of a message, as the SMS API bills them. */
export class PartCounter {
  readonly #template: string;
  readonly #isUnsplit: boolean;
  readonly #values: Substitutions | undefined;
  /** Recipients with values of their own, as digits. */
  readonly #special = new Set<string>();
  /** Length of the longest value of a parameter. */
  #longestValue = 0;
  #upperBound = 0;
  #filledUnits = 0;
  #usual: number | undefined;
  #most: number | undefined;

  constructor({ type, body, truncate_concat, parameters }: MessageBody) {
    this.#template = scalarText(body) ?? "";
    this.#isUnsplit = UNSPLIT.has(type) || truncate_concat === true;
    if (this.#isUnsplit) return;
    if (isObject(parameters)) this.#values = this.#readValues(parameters);
    this.#limitWork();
  }

  /** The parts for one recipient (digits). */
  partsFor(recipient: string): number {
    return this.#special.has(recipient) ? this.#filled(recipient) : this.usual();
  }

  /** The parts for recipients without values of their own. */
  usual(): number {
    return this.#usual ??= this.#isUnsplit ? 1 : this.#filled("default");
  }

  /** The most parts that any recipient can get. */
  most(): number {
    if (this.#most === undefined) {
      this.#most = this.usual();
      for (const one of this.#special) this.#most = Math.max(this.#most, this.#filled(one));
    }
    return this.#most;
  }

  #filled(recipient: string): number {
    if (this.#filledUnits > MAX_FILLED_UNITS) return this.#upperBound;
    if (!this.#values) return measure(this.#template).parts;
    const { text, isComplete } = fillKnownParameters(this.#template, this.#values, recipient);
    this.#filledUnits += this.#template.length + text.length;
    const { parts } = measure(text);
    // In a dry run the API counts the template if a value is missing; it does not say what it sends.
    return isComplete ? parts : Math.max(parts, measure(this.#template).parts);
  }

  #readValues(parameters: MessageBody): Substitutions {
    const values = new Map<string, Map<string, string>>();
    for (const [name, byRecipient] of Object.entries(parameters)) {
      const ofName = new Map<string, string>();
      for (const [key, value] of isObject(byRecipient) ? Object.entries(byRecipient) : []) {
        const recipient = key === "default" ? key : toMsisdn(key);
        const text = scalarText(value);
        if (recipient === undefined || text === undefined) continue;
        ofName.set(recipient, text);
        this.#longestValue = Math.max(this.#longestValue, text.length);
        if (recipient !== "default") this.#special.add(recipient);
      }
      values.set(name, ofName);
    }
    return values;
  }

  /** A text that is longer than the API allows is not read, nor are too many values filled in. */
  #limitWork(): void {
    const placeholders = this.#values ? this.#template.match(PLACEHOLDER)?.length ?? 0 : 0;
    const units = this.#template.length + placeholders * this.#longestValue;
    this.#upperBound = Math.max(1, Math.ceil(units / MIN_PART_UNITS));
    const isTooLong = this.#template.length > MAX_TEMPLATE_UNITS || units > MAX_FILLED_UNITS;
    if (isTooLong) this.#filledUnits = Infinity;
  }
}
