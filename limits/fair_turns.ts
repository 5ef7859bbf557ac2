/** Options of {@linkcode FairTurns}. */
export interface FairTurnsOptions {
  /** Maximum number of turns at the same time. */
  readonly atOnce: number;
  /** Maximum number of requests that wait in one line. */
  readonly maxWaiting: number;
}

/**
 * A bound on how much expensive work is done at the same time. Whatever has to wait does so in a
 * line, and the lines take turns, so that a long line does not delay the others.
 */
export class FairTurns {
  readonly maxWaiting: number;
  readonly #atOnce: number;
  #taken = 0;
  /** Lines with someone waiting, the next one first. */
  readonly #lines = new Map<string, (() => void)[]>();

  constructor({ atOnce, maxWaiting }: FairTurnsOptions) {
    this.#atOnce = atOnce;
    this.maxWaiting = maxWaiting;
  }

  /**
   * Takes a turn, to be ended by `end` once; resolves when it is the line's turn.
   *
   * @returns undefined if there is a turn at once, false if the line is full
   */
  take(line: string): Promise<void> | undefined | false {
    if (this.#taken < this.#atOnce) return void this.#taken++;
    const waiting = this.#lines.get(line) ?? [];
    if (waiting.length >= this.maxWaiting) return false;
    this.#lines.set(line, waiting);
    return new Promise((resolve) => waiting.push(resolve));
  }

  /** Ends a turn, and gives it to the first of the next line. */
  end(): void {
    const [next] = this.#lines;
    if (!next) return void this.#taken--;
    const [line, waiting] = next;
    const begin = waiting.shift();
    this.#lines.delete(line);
    if (waiting.length > 0) this.#lines.set(line, waiting); // behind the others
    begin?.();
  }
}
