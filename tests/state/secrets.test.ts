import { DatabaseSync } from "node:sqlite";
import { openStore } from "../../state/open.ts";
import { assertNoSecrets, sendEveryOutcome } from "./secrets.ts";

Deno.test("an SQLite store has no number, text, key, subject, reference or answer in its files", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const store = await openStore(`sqlite:${folder}/state.db`);
    await sendEveryOutcome(store);
    const files = await Promise.all(
      ["state.db", "state.db-wal"].map((name) => Deno.readFile(`${folder}/${name}`)),
    );
    const database = new DatabaseSync(`${folder}/state.db`);
    const records = database.prepare("SELECT count(*) AS n FROM records").get();
    database.close();
    assertNoSecrets(new Uint8Array(await new Blob(files).arrayBuffer()), Number(records?.n));
    await store.close();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
