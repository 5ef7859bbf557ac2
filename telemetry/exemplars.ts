import type { Attributes, SpanContext } from "@opentelemetry/api";

/** A measured request, and its trace. */
export interface Exemplar {
  readonly traceId: string;
  readonly spanId: string;
  /** Seconds. */
  readonly value: number;
  /** Epoch ms. */
  readonly atMs: number;
  /** The attributes of its series. */
  readonly attributes: Attributes;
}

/** How long an exemplar is shown: two scrapes at the usual interval of 30 s see it. */
const INTERVAL_MS = 60_000;

/** Failed requests kept of an interval; of more, the latest. */
const MAX_FAILURES = 64;

/** The slowest request and the latest failed ones of an interval, and of the one before. */
export class Exemplars {
  #slowest: Exemplar | undefined;
  #failed: Exemplar[] = [];
  #before: readonly Exemplar[] = [];
  #endsAtMs = 0;

  /** Whether a request is to be kept: a comparison, since it is asked for every request. */
  wants(durationS: number, failed: boolean): boolean {
    return failed || this.#slowest === undefined || durationS > this.#slowest.value ||
      Date.now() >= this.#endsAtMs;
  }

  /** Keeps a request that is wanted. */
  add(
    { traceId, spanId }: Pick<SpanContext, "traceId" | "spanId">,
    { value, failed, attributes }: { value: number; failed: boolean; attributes: Attributes },
  ): void {
    const exemplar = { traceId, spanId, value, atMs: Date.now(), attributes };
    this.#rotate(exemplar.atMs);
    if (this.#slowest === undefined || value > this.#slowest.value) this.#slowest = exemplar;
    if (!failed) return;
    this.#failed.push(exemplar);
    if (this.#failed.length > MAX_FAILURES) this.#failed.shift();
  }

  /** All that are shown now, the latest last. */
  list(): readonly Exemplar[] {
    this.#rotate(Date.now());
    return [...this.#before, ...this.#current()].toSorted((a, b) => a.atMs - b.atMs);
  }

  #current(): readonly Exemplar[] {
    return [...this.#slowest ? [this.#slowest] : [], ...this.#failed];
  }

  #rotate(nowMs: number): void {
    if (nowMs < this.#endsAtMs) return;
    const isRecent = nowMs < this.#endsAtMs + INTERVAL_MS;
    this.#before = isRecent ? this.#current() : [];
    this.#slowest = undefined;
    this.#failed = [];
    this.#endsAtMs = nowMs + INTERVAL_MS;
  }
}
