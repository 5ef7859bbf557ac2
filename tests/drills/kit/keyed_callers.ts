import { Pool } from "undici";
import { delay } from "@std/async/delay";
import { PLAN } from "./gateway_process.ts";

/** An answer that a caller got for a message. */
export interface CallerAnswer {
  readonly id: string;
  /** Which gateway answered, counted from 0. */
  readonly gateway: number;
  /** 0 where there was no whole answer. */
  readonly status: number;
  /** The `code` of an error, or why there was no answer. */
  readonly code: string;
  readonly retryAfter: boolean;
  readonly replayed: boolean;
  readonly text: string;
  /** On the clock of `performance.now()`. */
  readonly startedAt: number;
  readonly ms: number;
}

/** Gateways, and a token that is good for {@linkcode PLAN}. */
export interface Target {
  readonly ports: readonly number[];
  readonly token: string;
}

/** Sends messages on connections that are kept. */
export class Sender implements AsyncDisposable {
  readonly #pools: Pool[];
  readonly #token: string;

  constructor({ ports, token }: Target) {
    this.#pools = ports.map((port) => new Pool(`http://127.0.0.1:${port}`, { pipelining: 1 }));
    this.#token = token;
  }

  /** POSTs a message, which is also its key unless `keyed` is false, to the `nth` gateway. */
  async post(id: string, nth: number, { keyed = true } = {}): Promise<CallerAnswer> {
    const startedAt = performance.now();
    const gateway = nth % this.#pools.length;
    const answer = { id, gateway, startedAt, retryAfter: false, replayed: false, text: "" };
    try {
      const { statusCode: status, headers, body } = await this.#pool(gateway).request({
        path: `/xms/v1/${PLAN}/batches`,
        method: "POST",
        headers: {
          authorization: `Bearer ${this.#token}`,
          "content-type": "application/json",
          ...keyed && { "idempotency-key": id },
        },
        body: JSON.stringify({ body: id }),
      });
      const text = await body.text();
      const code = status >= 400 ? String(JSON.parse(text).code) : "";
      const retryAfter = headers["retry-after"] !== undefined;
      const replayed = headers["idempotent-replayed"] === "true";
      const ms = performance.now() - startedAt;
      return { ...answer, status, code, retryAfter, replayed, text, ms };
    } catch (error) {
      return { ...answer, status: 0, code: String(error), ms: performance.now() - startedAt };
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#pools.map((pool) => pool.destroy()));
  }

  #pool(gateway: number): Pool {
    const pool = this.#pools[gateway];
    if (!pool) throw new Error("no gateway");
    return pool;
  }
}

/** Options of {@linkcode startCallers}. */
export interface CallersOptions extends Target {
  /** Callers at once, each with one message after the other. */
  callers: number;
  /** Goes before the ids of these messages. */
  prefix: string;
  /** Whether messages have a key and are repeated until they are answered 201; default: true. */
  keyed?: boolean;
}

/** Messages under way without end. */
export interface Callers {
  readonly answers: readonly CallerAnswer[];
  /** Begins no further message, waits for the others, and returns all answers. */
  end(): Promise<readonly CallerAnswer[]>;
}

/** A caller waits so long before its next request, in ms: less than any Retry-After. */
const PAUSE_MS = 25;

/** Longest time until a message is answered 201 after {@linkcode Callers.end}, in ms. */
const LAST_ANSWER_WITHIN_MS = 30_000;

/** Starts callers; each repeats a message at the next gateway, sooner than it is told to. */
export function startCallers(options: CallersOptions): Callers {
  const { callers, prefix, keyed = true } = options;
  const sender = new Sender(options);
  const answers: CallerAnswer[] = [];
  let count = 0;
  let deadline = Infinity;

  async function send(caller: number): Promise<void> {
    const id = `${prefix}-${++count}`;
    for (let nth = caller;; nth++) {
      const answer = await sender.post(id, nth, { keyed });
      answers.push(answer);
      await delay(PAUSE_MS);
      if (answer.status === 201 || !keyed || performance.now() > deadline) return;
    }
  }

  const running = Array.from({ length: callers }, async (_, caller) => {
    while (deadline === Infinity) await send(caller);
  });
  return {
    answers,
    async end() {
      deadline = performance.now() + LAST_ANSWER_WITHIN_MS;
      await Promise.all(running);
      await sender[Symbol.asyncDispose]();
      return answers;
    },
  };
}
