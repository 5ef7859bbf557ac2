import { assert } from "@std/assert";
import { SCRIPT } from "../../reference/browser/script.ts";

/** The script runs in browsers, so its types are those of the DOM; it is plain JavaScript. */
const CONFIG = JSON.stringify({
  compilerOptions: {
    checkJs: true,
    strict: false,
    lib: ["dom", "dom.iterable", "esnext"],
  },
  fmt: { lineWidth: 100 },
});

for (
  const { does, args } of [
    { does: "is formatted", args: ["fmt", "--check"] },
    { does: "has no problem that the linter knows", args: ["lint"] },
    { does: "uses the DOM as its types say", args: ["check"] },
  ]
) {
  Deno.test(`the script of the pages ${does}`, async () => {
    const folder = await Deno.makeTempDir();
    try {
      await Deno.writeTextFile(`${folder}/deno.json`, CONFIG);
      await Deno.writeTextFile(`${folder}/docs.js`, SCRIPT);
      const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: [...args, "docs.js"],
        cwd: folder,
        env: { NO_COLOR: "1" },
      }).output();
      const decoder = new TextDecoder();
      assert(success, decoder.decode(stdout) + decoder.decode(stderr));
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}
