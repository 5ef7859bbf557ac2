/** One drill: a real failure, provoked, and what was promised about it. */
export interface Drill {
  /** Short, unique; the command line selects by a part of it. */
  readonly name: string;
  /** What is done to the gateway. */
  readonly did: string;
  /** What it promises then; a sentence of the README, SECURITY.md or the contract. */
  readonly promised: string;
  /** Does it, and says what was seen; throws where that is not what was promised. */
  run(): Promise<string>;
  /** Longest time it may take, in ms; default: {@linkcode DEFAULT_TIMEOUT_MS}. */
  readonly timeoutMs?: number;
}

/** How a drill ended. */
export interface Outcome {
  readonly drill: Drill;
  readonly ok: boolean;
  /** What was seen; of a failed drill, why. */
  readonly seen: string;
  readonly durationMs: number;
}

/** More than any drill needs on a busy machine; one that takes longer hangs. */
const DEFAULT_TIMEOUT_MS = 90_000;

/** Runs one drill, within its time. */
export async function runDrill(drill: Drill): Promise<Outcome> {
  const startedAt = performance.now();
  const { promise: timeUp, reject } = Promise.withResolvers<never>();
  const timeoutMs = drill.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const timer = setTimeout(() => reject(new Error(`not over after ${timeoutMs} ms`)), timeoutMs);
  const durationMs = () => Math.round(performance.now() - startedAt);
  try {
    const seen = await Promise.race([drill.run(), timeUp]);
    return { drill, ok: true, seen, durationMs: durationMs() };
  } catch (error) {
    return { drill, ok: false, seen: reason(error), durationMs: durationMs() };
  } finally {
    clearTimeout(timer);
  }
}

function reason(error: unknown): string {
  if (error instanceof SuppressedError) {
    return `${reason(error.suppressed)}; and then: ${reason(error.error)}`;
  }
  return error instanceof Error ? error.message.replaceAll(/\s*\n\s*/g, " ") : String(error);
}

/** The outcomes as a table in Markdown, to be read in a terminal and pasted into a report. */
export function table(outcomes: readonly Outcome[]): string {
  const rows = [
    ["drill", "what was done", "what was promised", "what was seen", "s", "result"],
    ["---", "---", "---", "---", "--:", "---"],
    ...outcomes.map(({ drill, ok, seen, durationMs }) => [
      drill.name,
      drill.did,
      drill.promised,
      seen.replaceAll("|", "¦"),
      (durationMs / 1_000).toFixed(1),
      ok ? "ok" : "FAILED",
    ]),
  ];
  return rows.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
