import { parseConfig } from "../../config.ts";
import { openState } from "../../entry/open_state.ts";
import { createGateway } from "../../gateway.ts";
import { fetchTransport } from "../../upstream/fetch_transport.ts";
import { contractSuite } from "../contract/suite.ts";
import { startCommand as startTask } from "../drills/kit/gateway_process.ts";
import { DENO, LISTENING, startCommand } from "./processes.ts";

contractSuite("the gateway on Deno", async (env) =>
  await startCommand({
    command: DENO,
    args: await startTask(),
    env,
    port: LISTENING,
  }), {
  rawTargets: true,
  provesUnsent: true,
  seesHangUps: true,
  keepsHeaderNames: true,
  hasStore: true,
});

contractSuite(
  "the gateway over fetch",
  async (env) => {
    const config = parseConfig(env);
    const state = await openState(config);
    const transport = fetchTransport();
    const gateway = createGateway(config, { transport, ...state && { state } });
    const server = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen() {} },
      (request, info) => gateway.fetch(request, info),
    );
    return {
      url: `http://127.0.0.1:${server.addr.port}`,
      async [Symbol.asyncDispose]() {
        await server.shutdown();
        await gateway.close();
      },
    };
  },
  {
    rawTargets: true,
    provesUnsent: true,
    seesHangUps: true,
    keepsHeaderNames: true,
    hasStore: true,
  },
);
