/** The results of all; waits for every one, so that none goes on after a failure of another. */
export async function inParallel<T>(running: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(running);
  return await Promise.all(running);
}
