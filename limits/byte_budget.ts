/** Limits how many bytes are held in memory; each holder adds to `used`, and subtracts again. */
export class ByteBudget {
  /** Bytes held now. */
  used = 0;

  /** @param limit the maximum, in bytes */
  constructor(readonly limit: number) {}

  /** Whether `bytes` more are within the limit. */
  allows(bytes: number): boolean {
    return this.used + bytes <= this.limit;
  }
}
