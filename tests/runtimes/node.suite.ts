import { bundle } from "../../scripts/bundle.ts";
import { contractSuite } from "../contract/suite.ts";
import { LISTENING, startCommand } from "./processes.ts";

const folder = await Deno.makeTempDir({ prefix: "sms-gateway-node-" });
globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
const file = `${folder}/node.mjs`;
await bundle("entry/node.ts", file);

contractSuite(
  "the gateway on Node",
  async (env) => await startCommand({ command: "node", args: [file], env, port: LISTENING }),
  {
    rawTargets: true,
    provesUnsent: true,
    seesHangUps: true,
    keepsHeaderNames: true,
    hasStore: true,
  },
);
