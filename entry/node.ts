/** The gateway on Node 20 or later: `deno task bundle:node`, then `node dist/node.mjs`. */

import "./node_20.ts";
import process from "node:process";
import { countDescriptors, serve } from "./node_server.ts";
import { run } from "./run.ts";

// Without a listener, a failed write would end the process; its callback reports it as well.
process.stdout.on("error", () => {});

await run({
  environment: process.env,
  write: (bytes) =>
    new Promise<void>((resolve, reject) => {
      process.stdout.write(bytes, (error) => error ? reject(error) : resolve());
    }),
  isTerminal: process.stdout.isTTY,
  serve,
  countDescriptors,
  onHangup: (listener) => void process.on("SIGHUP", listener),
  exit: (code) => process.exit(code),
});
