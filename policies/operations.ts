import type { Operation } from "../operations.ts";

/** How an operation is judged (contract.md §7). */
export interface JudgedOperation {
  /** Whether the body is a whole message: without `from` the SMS API then chooses the sender. */
  readonly isNew: boolean;
  /** Which message parts are billed: all, none, or those that a change adds to a batch. */
  readonly bills: "all" | "none" | "added";
}

/**
 * Operation → how it is judged. Others send nothing: changes of groups are judged when they are
 * sent to.
 */
export const JUDGED: Readonly<Partial<Record<Operation["id"], JudgedOperation>>> = {
  sendBatch: { isNew: true, bills: "all" },
  dryRun: { isNew: true, bills: "none" },
  replaceBatch: { isNew: true, bills: "added" },
  updateBatch: { isNew: false, bills: "added" },
};
