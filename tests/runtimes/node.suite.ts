import { bundle } from "../../scripts/bundle.ts";
import { contractSuite } from "../contract/suite.ts";
import { LISTENING, startCommand } from "./processes.ts";

const file = `${await Deno.makeTempDir({ prefix: "sms-gateway-node-" })}/node.mjs`;
await bundle("entry/node.ts", file);

contractSuite(
  "the gateway on Node",
  async (env) => await startCommand({ command: "node", args: [file], env, port: LISTENING }),
  { rawTargets: true, provesUnsent: true },
);
