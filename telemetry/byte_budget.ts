/** How many bytes may wait in memory; whoever keeps some adds them, and takes them off again. */
export class ByteBudget {
  /** Bytes that wait now. */
  used = 0;

  /** @param limit the most that may wait, in bytes */
  constructor(readonly limit: number) {}

  /** Whether so many bytes may be added. */
  hasRoomFor(bytes: number): boolean {
    return this.used + bytes <= this.limit;
  }
}
