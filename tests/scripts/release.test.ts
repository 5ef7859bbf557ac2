import { assert, assertEquals, assertThrows } from "@std/assert";
import { release } from "../../scripts/release.ts";
import { sectionOf } from "../../scripts/release/changelog.ts";

const { version } = JSON.parse(await Deno.readTextFile("deno.json"));

/** File → its text, of a release in a new folder. */
async function rehearsed(): Promise<Record<string, string>> {
  const folder = await Deno.makeTempDir({ prefix: "sms-gateway-release-" });
  try {
    await release({ folder, rehearse: true, print() {} });
    const check = new Deno.Command("sha256sum", {
      args: ["--check", "--strict", "SHA256SUMS"],
      cwd: folder,
    });
    assertEquals((await check.output()).code, 0);
    const names = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort();
    const files = names.map(async (name) =>
      [name, await Deno.readTextFile(`${folder}/${name}`)] as const
    );
    return Object.fromEntries(await Promise.all(files));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("a release that is made twice has the same bytes", async (t) => {
  const first = await rehearsed();
  const second = await rehearsed();
  const name = `sms-gateway-${version}`;
  assertEquals(Object.keys(first), [
    "SHA256SUMS",
    `${name}-node.mjs`,
    `${name}-notes.md`,
    `${name}-workers.mjs`,
    `${name}.cdx.json`,
  ]);
  for (const [file, text] of Object.entries(first)) {
    assert(text.length > 0 && second[file] === text, `${file} differs`);
  }
  const bom = JSON.parse(first[`${name}.cdx.json`] ?? "");

  await t.step("its bill of materials lists what the gateway imports, and nothing of tests", () => {
    const purls: string[] = bom.components.map(({ purl }: { purl: string }) => purl);
    for (const one of ["hono", "undici", "jose"]) {
      assert(purls.some((purl) => purl.startsWith(`pkg:npm/${one}@`)), one);
    }
    for (const one of ["playwright-core", "ajv", "fast-check"]) {
      assert(!purls.some((purl) => purl.startsWith(`pkg:npm/${one}@`)), one);
    }
    for (const { hashes, licenses } of bom.components) {
      assert(hashes[0].content.length === 128 && licenses.length > 0);
    }
  });

  await t.step("its time is that of the commit, and no path of this machine is in it", () => {
    assert(!("serialNumber" in bom));
    assert(new Date(bom.metadata.timestamp) < new Date());
    for (const [file, text] of Object.entries(first)) assert(!text.includes(Deno.cwd()), file);
  });
});

Deno.test("a version without a dated section of CHANGELOG.md, or with an empty one, is refused", () => {
  const changelog = "# Changelog\n\n## [Unreleased]\n\n## [1.1.0] - 2026-01-02\n\n- One.\n\n" +
    "## [1.0.0] - 2026-01-01\n";
  assertEquals(sectionOf(changelog, "1.1.0"), "- One.\n");
  assertThrows(() => sectionOf(changelog, "1.0.0"), Error, "is empty");
  assertThrows(() => sectionOf(changelog, "1.2.0"), Error, "has no section");
  assertThrows(() => sectionOf(changelog, "Unreleased"), Error, "has no section");
});
