/** An SMS REST API in memory, for the demo, for tests and for development. */

import { Hono } from "hono";
import { adminRoutes } from "./admin.ts";
import { Callbacks } from "./callbacks/callbacks.ts";
import type { CallbackFault } from "./callbacks/faults.ts";
import { callbackRoutes } from "./callbacks/routes.ts";
import type { CallbackAttempt } from "./callbacks/sender.ts";
import type { SandboxEnv } from "./env.ts";
import { ActiveFault } from "./active_fault.ts";
import type { LimitedFault } from "./faults.ts";
import { injectFaults } from "./fault_injection.ts";
import {
  notFoundResponse,
  type OperationContext,
  operationHandler,
  refusalResponse,
  refuseMethod,
} from "./handler.ts";
import { type ReceivedText, receiveInbound } from "./inbound_texts.ts";
import { AccessTokens, tokenEndpoint } from "./oauth.ts";
import { OPERATIONS } from "./operations.ts";
import { resolveOptions, type SandboxOptions, type Settings } from "./options.ts";
import { outstanding } from "./outstanding.ts";
import { createPlan, type Plan } from "./plan.ts";
import { receive } from "./receive.ts";
import { type RecordedRequest, RequestLog } from "./request_log.ts";
import { ConnectionReset } from "./raw_response.ts";
import type { Inbound } from "./resources.ts";

export type {
  CallbackAttempt,
  CallbackFault,
  LimitedFault,
  RecordedRequest,
  SandboxEnv,
  SandboxOptions,
};

/** A sandbox. Several sandboxes in one process share no state. */
export interface Sandbox {
  /** The API and its admin routes; `app.request(…)` and `app.fetch` need no socket. */
  readonly app: Hono<SandboxEnv>;
  /** The latest API requests, at most 1,000, in order of arrival. */
  requests(): RecordedRequest[];
  /** Deletes the recorded requests. */
  clearRequests(): void;
  /** Sets the fault of the next requests, as `PUT /sandbox/faults` does. */
  setFault(fault: LimitedFault): void;
  /** Removes the fault, as `DELETE /sandbox/faults` does. */
  clearFault(): void;
  /** Revokes all OAuth access tokens, as `DELETE /sandbox/tokens` does. */
  revokeTokens(): void;
  /** Receives a text message for a plan, as `POST /sandbox/inbounds` does. */
  receive(message: ReceivedText): Inbound;
  /** Sets the default callback URL of a plan, if there is such a plan. */
  setCallbackUrl(planId: string, url: string): void;
  /** The latest attempts at callbacks, at most 1,000, in order. */
  callbacks(): readonly CallbackAttempt[];
  /** Sets what is wrong with the next callbacks, as `PUT /sandbox/callback_faults` does. */
  setCallbackFault(fault: CallbackFault): void;
  /** Stops sending callbacks. */
  close(): void;
}

const BASE = "/xms/v1/:service_plan_id{[A-Za-z0-9_-]+}";

/** Creates a sandbox with `options.servicePlans`; each starts with inbound messages only. */
export function createSandbox(options: SandboxOptions): Sandbox {
  const settings = resolveOptions(options);
  const log = new RequestLog();
  const fault = new ActiveFault<LimitedFault>();
  const plans = createPlans(settings);
  const callbacks = new Callbacks(settings);
  const receiveText = (text: ReceivedText) => receiveInbound(text, { plans, settings, callbacks });
  const tokens = new AccessTokens(settings);
  const app = new Hono<SandboxEnv>();
  app.use("/xms/*", receive({ log, now: settings.now, maxBodyBytes: settings.maxBodyBytes }));
  app.use("/xms/*", outstanding(settings.maxOutstanding));
  app.use("/xms/*", injectFaults(fault));
  mountOperations(app, plans, { settings, tokens, onBatch: callbacks.onBatch });
  app.post("/oauth2/token", tokenEndpoint(tokens, settings));
  app.all("/oauth2/token", refuseMethod(["POST"]));
  app.route("/sandbox", adminRoutes({ fault, log, tokens }));
  app.route("/sandbox", callbackRoutes(callbacks, receiveText));
  app.notFound(() => notFoundResponse());
  app.onError((error) => {
    if (error instanceof ConnectionReset) throw error;
    return refusalResponse(error);
  });
  return {
    app,
    requests: () => log.list(),
    clearRequests: () => log.clear(),
    setFault: (next) => fault.set(next),
    clearFault: () => fault.clear(),
    revokeTokens: () => tokens.revoke(),
    receive: receiveText,
    setCallbackUrl(planId, url) {
      const plan = plans.get(planId);
      if (plan) plan.defaultCallbackUrl = url;
    },
    callbacks: () => callbacks.attempts(),
    setCallbackFault: (next) => callbacks.fault.set(next),
    close: () => callbacks.close(),
  };
}

function createPlans(settings: Settings): ReadonlyMap<string, Plan> {
  const plans = Object.entries(settings.servicePlans)
    .map(([id, token]) => [id, createPlan(id, token, settings)] as const);
  return new Map(plans);
}

function mountOperations(
  app: Hono<SandboxEnv>,
  plans: ReadonlyMap<string, Plan>,
  context: OperationContext,
): void {
  for (const operation of OPERATIONS) {
    app.on(operation.method, BASE + operation.path, operationHandler(operation, plans, context));
  }
  for (const [path, operations] of Map.groupBy(OPERATIONS, ({ path }) => path)) {
    app.all(BASE + path, refuseMethod(operations.map(({ method }) => method)));
  }
}
