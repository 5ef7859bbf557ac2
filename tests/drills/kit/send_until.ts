import { assert } from "@std/assert";
import { delay } from "@std/async/delay";
import type { CallerAnswer, Sender } from "./keyed_callers.ts";

const AT_ONCE = 16;

/** Time for a gateway to find a promoted replica, and for that to have a replica itself. */
const FINAL_WITHIN_MS = 20_000;

/** Whether the API has answered it. */
export const isSent = ({ status }: CallerAnswer) => status === 201;

/** How many messages were answered 201. */
export function sent(answers: readonly CallerAnswer[]): number {
  return answers.filter(isSent).length;
}

/** Sends messages, {@linkcode AT_ONCE} at a time. */
export async function sendAll(sender: Sender, ids: readonly string[]): Promise<CallerAnswer[]> {
  const answers: CallerAnswer[] = [];
  const waiting = ids.values();
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    for (const id of waiting) answers.push(await sender.post(id, 0));
  }));
  return answers;
}

/** Sends messages until each has such an answer; returns these answers. */
export async function sendUntil(
  sender: Sender,
  ids: readonly string[],
  isFinal: (answer: CallerAnswer) => boolean,
): Promise<CallerAnswer[]> {
  const deadline = performance.now() + FINAL_WITHIN_MS;
  const answers = await sendAll(sender, ids);
  const final = answers.filter(isFinal);
  let others = answers.filter((answer) => !isFinal(answer));
  while (others[0]) {
    const [{ id, status, code }] = others;
    assert(performance.now() < deadline, `${others.length}, as ${id}: still ${status} ${code}`);
    await delay(100);
    const again = await sendAll(sender, others.map(({ id }) => id));
    final.push(...again.filter(isFinal));
    others = again.filter((answer) => !isFinal(answer));
  }
  return final;
}
