/** How many bytes may be held in memory; whoever holds some adds them, and takes them off again. */
export class ByteBudget {
  /** Bytes that are held now. */
  used = 0;

  /** @param limit the most that may be held, in bytes */
  constructor(readonly limit: number) {}

  /** Whether so many bytes may be added. */
  hasRoomFor(bytes: number): boolean {
    return this.used + bytes <= this.limit;
  }
}
