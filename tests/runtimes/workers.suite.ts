import { bundle } from "../../scripts/bundle.ts";
import { contractSuite } from "../contract/suite.ts";
import { installed } from "./packages.ts";
import { startCommand } from "./processes.ts";

/** The pinned Workers runtime; its version limits the compatibility date. */
const WORKERD = "workerd@1.20261117.1";
const COMPATIBILITY_DATE = "2026-11-01";

const folder = await Deno.makeTempDir({ prefix: "sms-gateway-workers-" });
globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
await bundle("entry/workers.ts", `${folder}/workers.mjs`);
const command = `${await installed(WORKERD)}/bin/workerd`;

contractSuite("the gateway on Workers", async (env) => {
  const config = `${folder}/${crypto.randomUUID()}.capnp`;
  await Deno.writeTextFile(config, workerConfig(env));
  return await startCommand({
    command,
    args: ["serve", "--control-fd=1", config],
    env: {},
    port: /"event":"listen","socket":"http","port":(\d+)/,
  });
}, {
  rawTargets: false,
  provesUnsent: false,
  seesHangUps: false,
  keepsHeaderNames: false,
  hasStore: false,
});

/** The configuration of a worker with the settings as bindings and access to this machine. */
function workerConfig(env: Record<string, string>): string {
  const bindings = Object.entries(env).map(([name, value]) =>
    `(name = ${JSON.stringify(name)}, text = ${JSON.stringify(value)})`
  );
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "gateway", worker = .gateway),
    (name = "network", network = (allow = ["public", "private"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "gateway")],
);
const gateway :Workerd.Worker = (
  modules = [(name = "workers.mjs", esModule = embed "workers.mjs")],
  compatibilityDate = "${COMPATIBILITY_DATE}",
  globalOutbound = "network",
  bindings = [${bindings.join(", ")}],
);
`;
}
