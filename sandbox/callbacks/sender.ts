import type { ActiveFault } from "../active_fault.ts";
import type { Settings } from "../options.ts";
import type { CallbackFault } from "./faults.ts";
import { isRetried, retryDelayMs } from "./retry_schedule.ts";
import { signatureHeaders } from "./signature.ts";

/** A callback that is to be sent. */
export interface Callback {
  readonly planId: string;
  readonly url: string;
  /** JSON. */
  readonly body: string;
}

/** How a callback went so far. */
export interface CallbackAttempt {
  readonly planId: string;
  /** 1 for the first attempt. */
  readonly attempt: number;
  /** Undefined without an answer. */
  readonly status: number | undefined;
}

/** The API gives a service so long to answer. */
const TIMEOUT_MS = 15_000;

type Timer = ReturnType<typeof setTimeout>;

/** Callbacks kept at most, waiting for a retry or an answer; more are dropped. */
const MAX_PENDING = 10_000;

/** Attempts kept for `GET /sandbox/callbacks`. */
const MAX_ATTEMPTS = 1_000;

/** Sends callbacks with the retries of the API; nothing is stored across restarts. */
export class CallbackSender {
  readonly #settings: Settings;
  readonly #fault: ActiveFault<CallbackFault>;
  readonly #timers = new Set<Timer>();
  readonly #attempts: CallbackAttempt[] = [];
  readonly #closed = new AbortController();
  #pending = 0;

  constructor(settings: Settings, fault: ActiveFault<CallbackFault>) {
    this.#settings = settings;
    this.#fault = fault;
  }

  /** The latest attempts, in order. */
  attempts(): readonly CallbackAttempt[] {
    return this.#attempts;
  }

  /** Sends a callback, and again as long as it is not taken; never rejects. */
  send(callback: Callback): void {
    const fault = this.#fault.take() ?? {};
    this.#start(callback, fault);
    if (fault.duplicate) this.#start(callback, fault);
  }

  /** Gives up what is under way and what waits. */
  close(): void {
    this.#closed.abort();
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  #start(callback: Callback, fault: CallbackFault): void {
    if (this.#pending >= MAX_PENDING) return;
    this.#pending++;
    this.#after(fault.delay_ms ?? 0, () => this.#try(callback, { attempt: 1, fault }));
  }

  async #try(
    callback: Callback,
    { attempt, fault }: { attempt: number; fault: CallbackFault },
  ): Promise<void> {
    const status = await this.#post(callback, fault);
    if (this.#closed.signal.aborted) return;
    this.#attempts.push({ planId: callback.planId, attempt, status });
    if (this.#attempts.length > MAX_ATTEMPTS) this.#attempts.shift();
    const delayMs = isRetried(status) ? retryDelayMs(attempt) : undefined;
    if (delayMs === undefined) return void this.#pending--;
    const scaledMs = delayMs / this.#settings.callbackSpeed;
    this.#after(scaledMs, () => this.#try(callback, { attempt: attempt + 1, fault: {} }));
  }

  /** @returns the status; undefined without an answer */
  async #post({ planId, url, body }: Callback, fault: CallbackFault): Promise<number | undefined> {
    const secret = this.#settings.callbackSecrets[planId];
    const timestampS = Math.floor(this.#settings.now() / 1_000) - (fault.age_s ?? 0);
    const signature = secret === undefined ? {} : await signatureHeaders(
      fault.forged ? `not ${secret}` : secret,
      body,
      { nonce: crypto.randomUUID(), timestampS }, // a new one for each attempt
    );
    try {
      const response = await fetch(url, {
        method: "POST",
        headers: { "content-type": "application/json", ...signature },
        body,
        redirect: "manual",
        signal: AbortSignal.any([this.#closed.signal, AbortSignal.timeout(TIMEOUT_MS)]),
      });
      await response.body?.cancel();
      return response.status;
    } catch {
      return undefined;
    }
  }

  #after(delayMs: number, run: () => void): void {
    const timer: Timer = setTimeout(() => {
      this.#timers.delete(timer);
      run();
    }, delayMs);
    this.#timers.add(timer);
  }
}
