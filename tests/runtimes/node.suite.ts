import { bundle } from "../../scripts/bundle.ts";
import { contractSuite } from "../contract/suite.ts";
import { assertOwnPort, LISTENING_ON_TWO_PORTS } from "../support/admin_port.ts";
import { testEnv } from "../support/gateway.ts";
import { testIssuer } from "../support/issuer.ts";
import { checkWayOut } from "../support/way_out.ts";
import { LISTENING, startCommand } from "./processes.ts";

const folder = await Deno.makeTempDir({ prefix: "sms-gateway-node-" });
globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
const file = `${folder}/node.mjs`;
await bundle("entry/node.ts", file);

Deno.test("on Node metrics and probes can have a port of their own", async () => {
  const ports = LISTENING_ON_TWO_PORTS;
  const env = { ...testEnv(await testIssuer()), ADMIN_PORT: "0" };
  let admin = 0;
  const port = {
    exec: (line: string) => {
      const found = ports.exec(line);
      admin = Number(found?.[2] ?? admin);
      return found;
    },
  };
  await using gateway = await startCommand({ command: "node", args: [file], env, port });
  await assertOwnPort(Number(new URL(gateway.url).port), admin);
});

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

Deno.test("on Node, API, key set, token endpoint and collector are reached by HTTPS_PROXY alone, with the CA of NODE_EXTRA_CA_CERTS", async () => {
  await checkWayOut(
    (file) => ({ NODE_EXTRA_CA_CERTS: file }),
    async ({ upstream, issuer, env }) => {
      const { AUTH_JWKS: _, ...usual } = testEnv(issuer);
      return await startCommand({
        command: "node",
        args: [file],
        env: { ...usual, SMS_API_URL: upstream, ...env },
        port: LISTENING,
      });
    },
  );
});
