import { Buffer } from "node:buffer";
import {
  type Counters,
  decideReservation,
  type Reservation,
  type ReservationRequest,
  WINDOW_MS,
  type WindowCount,
  windowsAt,
} from "./counters.ts";
import type { RedisRunner } from "./redis_runner.ts";
import { GIVE_BACK, RESERVE } from "./redis_counter_scripts.ts";
import { StateError } from "./store.ts";

/** Counters are told from records by their keys. */
const PREFIX = "budget:";

/**
 * Counters on a Redis server, for any number of instances. A key is one hash, so that its windows
 * are on one node of a Cluster. A count does not wait for replicas: one that takes over may lack
 * the last moments, and so allow that much again.
 */
export class RedisCounters implements Counters {
  readonly #runner: RedisRunner;

  constructor(runner: RedisRunner) {
    this.#runner = runner;
  }

  async reserve(key: string, request: ReservationRequest): Promise<Reservation> {
    const { amount, limits, force = false } = request;
    const args = [
      String(amount),
      force ? "1" : "0",
      ...limits.flatMap(({ unit, limit }) => [unit, String(WINDOW_MS[unit]), String(limit)]),
    ];
    const reply = await this.#run({ script: RESERVE, key: PREFIX + key, args });
    const [now = NaN, ...used] = numbersOf(reply, 1 + limits.length);
    // The reply has what was used before; the script decides in the same way.
    const windows = windowsAt(
      now,
      limits,
      (unit) => used[limits.findIndex((limit) => limit.unit === unit)] ?? 0,
    );
    return decideReservation(request, windows);
  }

  async giveBack(key: string, amount: number, windows: readonly WindowCount[]): Promise<void> {
    const args = [String(amount), ...windows.flatMap(({ unit, index }) => [unit, String(index)])];
    await this.#run({ script: GIVE_BACK, key: PREFIX + key, args });
  }

  #run(call: Parameters<RedisRunner["run"]>[0]): Promise<unknown> {
    return this.#runner.beforeDeadline(async (deadline) => {
      return (await this.#runner.run(call, deadline)).reply;
    });
  }
}

/** Numbers come as text, since Redis cuts the fraction and all beyond 53 bits off. */
function numbersOf(reply: unknown, count: number): number[] {
  const numbers = Array.isArray(reply)
    ? reply.map((value) => Buffer.isBuffer(value) ? Number(value.toString("latin1")) : NaN)
    : [];
  if (numbers.length === count && numbers.every(Number.isSafeInteger)) return numbers;
  throw new StateError("failed", { detail: "the counters have an unknown format" });
}
