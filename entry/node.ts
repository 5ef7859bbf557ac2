/** The gateway on Node 20 or later: `deno task bundle:node`, then `node dist/node.mjs`. */

import process from "node:process";
import { Writable } from "node:stream";
import { countDescriptors, serve } from "./node_server.ts";
import { run } from "./run.ts";

await run({
  environment: process.env,
  output: Writable.toWeb(process.stdout) as WritableStream<Uint8Array<ArrayBuffer>>,
  isTerminal: process.stdout.isTTY,
  serve,
  countDescriptors,
  exit: (code) => process.exit(code),
});
