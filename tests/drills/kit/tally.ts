import { type FaultyApi, PROCESSED_UNANSWERED } from "./faulty_api.ts";
import type { CallerView } from "./keyed_caller.ts";

/** What callers know, compared with what the API holds: how many messages of each kind. */
export interface Tally {
  /** Answered 201 and held once, found out or not. */
  once: number;
  twice: number;
  /** Answered 201 and not held. */
  lost: number;
  /** Not known to the caller, held or not. */
  unknown: number;
  /** Of `once`: the API never answered it in time, and its callers know all the same. */
  foundOut: number;
  refused: number;
  refusedButHeld: number;
  /** Answered 201 with another batch than the one that is held. */
  otherId: number;
}

const COLUMNS = {
  once: "sent once",
  twice: "sent twice",
  lost: "lost",
  unknown: "unknown",
  foundOut: "found out",
  refused: "refused",
  refusedButHeld: "refused, but held",
  otherId: "other batch",
} as const satisfies Record<keyof Tally, string>;

const KINDS = Object.keys(COLUMNS) as (keyof Tally)[];

/** Compares all messages; by what the API did with the last POST of each. */
export function tally(views: readonly CallerView[], api: FaultyApi): Map<string, Tally> {
  const rows = new Map<string, Tally>();
  for (const view of views) {
    const fault = api.posts(view.text).at(-1) ?? "not reached";
    const row = rows.get(fault) ?? empty();
    rows.set(fault, row);
    for (const kind of kindsOf(view, api, fault)) row[kind]++;
  }
  return new Map([...rows].sort(([a], [b]) => a < b ? -1 : 1));
}

function kindsOf(view: CallerView, api: FaultyApi, fault: string): (keyof Tally)[] {
  const { ending, ids, onlyReplayed, text } = view;
  const held = api.held.of(text);
  if (held.length > 1) return ["twice"];
  if (ending === "unknown") return ["unknown"];
  if (ending === "refused") return [held.length > 0 ? "refusedButHeld" : "refused"];
  if (held.length === 0) return ["lost"];
  if ([...ids].some((id) => id !== held[0]?.id)) return ["otherId"];
  return onlyReplayed && PROCESSED_UNANSWERED.has(fault) ? ["once", "foundOut"] : ["once"];
}

function empty(): Tally {
  return Object.fromEntries(KINDS.map((kind) => [kind, 0])) as unknown as Tally;
}

/** The sum of all rows. */
export function total(rows: ReadonlyMap<string, Tally>): Tally {
  const sum = empty();
  for (const row of rows.values()) for (const kind of KINDS) sum[kind] += row[kind];
  return sum;
}

/** The rows as a table in Markdown. */
export function tallyTable(rows: ReadonlyMap<string, Tally>): string {
  const cells = (name: string, row: Tally) => [name, ...KINDS.map((kind) => String(row[kind]))];
  return [
    ["the API's last answer", ...KINDS.map((kind) => COLUMNS[kind])],
    ["---", ...KINDS.map(() => "--:")],
    ...[...rows].map(([name, row]) => cells(name, row)),
    cells("all", total(rows)),
  ].map((line) => `| ${line.join(" | ")} |`).join("\n");
}
