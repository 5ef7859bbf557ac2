/** Longest wait, in ms; even a busy machine needs only a fraction of it. */
const TIMEOUT_MS = 20_000;

const POLL_MS = 10;

/** Polls `ask` until it returns a value; throws with `what` after the timeout. */
export async function until<T>(
  what: string,
  ask: () => T | undefined | false | Promise<T | undefined | false>,
): Promise<T> {
  const deadline = performance.now() + TIMEOUT_MS;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() > deadline) throw new Error(`timed out waiting for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
