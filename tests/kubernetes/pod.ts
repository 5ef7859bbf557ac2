import { delay } from "@std/async/delay";
import { LISTENING_ON_TWO_PORTS } from "../support/admin_port.ts";
import { type Program, startProgram } from "../support/process.ts";
import { podSpec, type Probe } from "./manifests.ts";

/** The time until every load balancer has noticed that a pod was removed, in ms: less than preStop. */
const ENDPOINT_REMOVAL_MS = 3_000;

/** A gateway process that is treated as kubelet and the endpoints of a Service treat a pod. */
export interface Pod extends AsyncDisposable {
  readonly url: string;
  /** Whether a Service sends requests to it. */
  readonly isEndpoint: boolean;
  /** Resolves when the readiness probe has succeeded. */
  readonly ready: Promise<void>;
  /** Ends it as kubelet does; the exit code, and the time from the start of that, in ms. */
  delete(): Promise<{ code: number; ms: number; killed: boolean }>;
}

/** Starts a gateway, and probes it as the manifests say. */
export async function startPod(env: Record<string, string>): Promise<Pod> {
  const { container, terminationGracePeriodSeconds } = podSpec();
  const program = startProgram("main.ts", env);
  const [, port, admin] = await program.waitFor(LISTENING_ON_TWO_PORTS);
  const state = { isReady: false, isDeleted: false };
  const { promise: ready, resolve } = Promise.withResolvers<void>();
  const probing = probe(container.readinessProbe, Number(admin), state, resolve);
  let isRemoved = false;
  return {
    url: `http://127.0.0.1:${port}`,
    ready,
    get isEndpoint() {
      return state.isReady && !isRemoved;
    },
    async delete() {
      const startedAt = performance.now();
      state.isDeleted = true; // of a pod that ends, probes no longer matter
      const removal = delay(ENDPOINT_REMOVAL_MS).then(() => void (isRemoved = true));
      await delay(container.lifecycle.preStop.sleep.seconds * 1_000);
      program.kill("SIGTERM");
      const leftMs = terminationGracePeriodSeconds * 1_000 - (performance.now() - startedAt);
      const { code, killed } = await endOf(program, leftMs);
      await Promise.all([removal, probing]);
      return { code, killed, ms: performance.now() - startedAt };
    },
    async [Symbol.asyncDispose]() {
      state.isDeleted = true;
      await probing;
      await program[Symbol.asyncDispose]();
    },
  };
}

/** Waits for the end, and kills the process after `leftMs`. */
async function endOf(program: Program, leftMs: number): Promise<{ code: number; killed: boolean }> {
  let killed = false;
  const timer = setTimeout(() => {
    killed = true;
    program.kill("SIGKILL");
  }, leftMs);
  const { code } = await program.ended();
  clearTimeout(timer);
  return { code, killed };
}

/** Requests the path of the probe in its period until the pod is deleted. */
async function probe(
  { httpGet, periodSeconds, timeoutSeconds, failureThreshold }: Probe,
  port: number,
  state: { isReady: boolean; isDeleted: boolean },
  onReady: () => void,
): Promise<void> {
  for (let failures = 0; !state.isDeleted;) {
    const response = await fetch(`http://127.0.0.1:${port}${httpGet.path}`, {
      signal: AbortSignal.timeout(timeoutSeconds * 1_000),
    }).catch(() => undefined);
    await response?.body?.cancel();
    failures = response?.ok ? 0 : failures + 1;
    state.isReady = failures === 0 || (state.isReady && failures < failureThreshold);
    if (state.isReady) onReady();
    for (let waited = 0; waited < periodSeconds * 1_000 && !state.isDeleted; waited += 50) {
      await delay(50);
    }
  }
}
