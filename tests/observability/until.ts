/** Longest wait for anything that must come, in ms: a busy machine needs a fraction of it. */
const TIMEOUT_MS = 20_000;

const POLL_MS = 10;

/** Asks again and again until there is an answer; throws, saying what for, where none comes. */
export async function until<T>(
  what: string,
  ask: () => T | undefined | false | Promise<T | undefined | false>,
): Promise<T> {
  const deadline = performance.now() + TIMEOUT_MS;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
