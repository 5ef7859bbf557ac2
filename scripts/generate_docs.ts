import { GENERATED_FILES } from "./docs/files.ts";

if (import.meta.main) {
  for (const [path, text] of Object.entries(GENERATED_FILES)) {
    await Deno.writeTextFile(new URL(`../${path}`, import.meta.url), text());
  }
}
