import { assert, assertRejects } from "@std/assert";
import { openStore, type OpenStoreOptions } from "../../state/open.ts";
import { StateError, type StateErrorReason, type StateStore } from "../../state/store.ts";
import { type RedisServer, until } from "../support/redis_server.ts";
import { newClaim, newKey, testConformance } from "./conformance.ts";

/** The URL of a server. */
export const url = ({ port }: RedisServer) => `redis://127.0.0.1:${port}/0`;

/** A store that is closed at the end of the scope. */
export async function opened(
  at: string,
  options: OpenStoreOptions = {},
): Promise<{ store: StateStore } & AsyncDisposable> {
  const store = await openStore(at, { timeoutMs: 200, ...options });
  return { store, [Symbol.asyncDispose]: () => store.close() };
}

/** How an operation fails, and that it does so in time. */
export async function failure(
  run: () => Promise<unknown>,
  withinMs: number,
): Promise<StateErrorReason> {
  const start = performance.now();
  const { reason } = await assertRejects(run, StateError);
  const tookMs = performance.now() - start;
  assert(tookMs < withinMs, `${reason} after ${tookMs} ms`);
  return reason;
}

/** Whether a claim succeeds. */
export async function answers(store: StateStore): Promise<boolean> {
  try {
    return (await store.claim(newKey(), newClaim())).claimed;
  } catch {
    return false;
  }
}

/** Tests the promises on a server that is started for the first of them. */
export function conformance(
  name: string,
  start: () => Promise<{ at: string } & AsyncDisposable>,
): void {
  let running: ReturnType<typeof start> | undefined;
  Deno.test.afterAll(async () => await (await running)?.[Symbol.asyncDispose]());
  testConformance(name, async () => {
    const { at } = await (running ??= start());
    const [store, other] = [await openStore(at), await openStore(at)];
    const close = async () => void await Promise.all([store.close(), other.close()]);
    await until(() => answers(store));
    await until(() => answers(other));
    return { store, other, close };
  });
}
