import { createSandbox, type Sandbox, type SandboxOptions } from "../../sandbox/app.ts";
import { serveSandbox } from "../../sandbox/serve.ts";
import { type ServedGateway, serveGateway } from "../support/served.ts";

/** The service plan of the tests' gateway. */
export const PLAN = "plan-1";

/** A listening gateway with a sandbox as its upstream; both stop at the end of the scope. */
export interface Stage extends AsyncDisposable {
  readonly gateway: ServedGateway;
  readonly sandbox: Sandbox;
}

/**
 * Serves a gateway, with a sandbox as its upstream, on free ports of this machine.
 *
 * @param env Settings of the gateway beside the usual ones
 * @param options Options of the sandbox beside its service plan
 */
export async function stage(
  env: Record<string, string> = {},
  options: Partial<SandboxOptions> = {},
): Promise<Stage> {
  const servicePlans = { [PLAN]: "credential-of-plan-1" };
  const sandbox = createSandbox({ servicePlans, ...options });
  const served = await serveSandbox(sandbox);
  const gateway = await serveGateway({ upstream: served.url, env });
  return {
    gateway,
    sandbox,
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]();
      await served.close();
    },
  };
}
