import { SqliteStore } from "../../state/sqlite.ts";
import { newClaim } from "./conformance.ts";

/**
 * Claims keys of a file until it is killed, and prints each after it was claimed:
 * `FILE=… PREFIX=… deno run sqlite_holder.ts`.
 */
const store = new SqliteStore(Deno.env.get("FILE") ?? "", { timeoutMs: 2_000 });
const prefix = Deno.env.get("PREFIX") ?? "";
const output = new TextEncoder();
for (let index = 0;; index++) {
  const { claimed } = await store.claim(`${prefix}${index}`, newClaim());
  if (claimed) await Deno.stdout.write(output.encode(`claimed ${prefix}${index}\n`));
}
