/** The sandbox: an SMS REST API in memory, for the demo, the tests and careful teams. */

import { Hono } from "hono";
import { adminRoutes } from "./admin.ts";
import { answer, notFoundResponse, refusalResponse, refuseMethod } from "./answer.ts";
import { FaultSwitch, type StandingFault } from "./faults.ts";
import { injectFaults } from "./inject_faults.ts";
import { OPERATIONS } from "./operations.ts";
import { createWorld, type SandboxOptions, type World } from "./options.ts";
import { outstanding } from "./outstanding.ts";
import { createPlan, type Plan } from "./plan.ts";
import { receive } from "./receive.ts";
import { type RecordedRequest, RequestLog } from "./request_log.ts";
import { ConnectionReset, type Wire } from "./wire.ts";

export type { RecordedRequest, SandboxOptions, StandingFault };

/** What the sandbox's handlers share per request. */
export interface SandboxEnv {
  Bindings: Wire;
  Variables: {
    /** The request body; undefined if it was over the limit. */
    body: Uint8Array | undefined;
    /** The query string with its `?`, undecoded; empty if there is none. */
    query: string;
  };
}

/** A sandbox; several in one process know nothing of each other. */
export interface Sandbox {
  /** The API and its admin routes: `app.request(…)` and `app.fetch` work in memory. */
  readonly app: Hono<SandboxEnv>;
  /** The latest API requests, at most 1,000, in order of arrival. */
  requests(): RecordedRequest[];
  clearRequests(): void;
  /** Lets the next requests meet a fault, as `PUT /sandbox/faults` does. */
  setFault(fault: StandingFault): void;
  clearFault(): void;
}

const BASE = "/xms/v1/:service_plan_id{[A-Za-z0-9_-]+}";

/** Creates a sandbox that knows `options.servicePlans`, each with nothing but inbounds. */
export function createSandbox(options: SandboxOptions): Sandbox {
  const world = createWorld(options);
  const log = new RequestLog();
  const faults = new FaultSwitch();
  const app = new Hono<SandboxEnv>();
  app.use("/xms/*", receive({ log, now: world.now, maxBodyBytes: world.maxBodyBytes }));
  app.use("/xms/*", outstanding(world.maxOutstanding));
  app.use("/xms/*", injectFaults(faults));
  mountOperations(app, world);
  app.route("/sandbox", adminRoutes(faults, log));
  app.notFound(() => notFoundResponse());
  app.onError((error) => {
    if (error instanceof ConnectionReset) throw error;
    return refusalResponse(error);
  });
  return {
    app,
    requests: () => log.list(),
    clearRequests: () => log.clear(),
    setFault: (fault) => faults.set(fault),
    clearFault: () => faults.clear(),
  };
}

function mountOperations(app: Hono<SandboxEnv>, world: World): void {
  const plans = new Map<string, Plan>();
  for (const [id, token] of Object.entries(world.servicePlans)) {
    plans.set(id, createPlan(id, token, world));
  }
  for (const operation of OPERATIONS) {
    app.on(operation.method, BASE + operation.path, answer(operation, plans, world));
  }
  for (const [path, operations] of Map.groupBy(OPERATIONS, ({ path }) => path)) {
    app.all(BASE + path, refuseMethod(operations.map(({ method }) => method)));
  }
}
