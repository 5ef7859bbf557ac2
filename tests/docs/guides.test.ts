import { assert, assertEquals, assertThrows } from "@std/assert";
import { GUIDES } from "../../reference/guides/mod.ts";
import { GENERATED_FILES } from "../../scripts/docs/files.ts";
import { guideGroups, UNORDERED } from "../../scripts/docs/guide_order.ts";
import { guideTarget } from "../../scripts/docs/links.ts";
import { render } from "../../scripts/docs/markdown.ts";

const ROOT = new URL("../../", import.meta.url);

Deno.test("every page of docs has a place in scripts/docs/guide_order.ts", () => {
  const groups = guideGroups();
  assertEquals(groups[UNORDERED] ?? [], []);
  assert(Object.values(groups).flat().length > 10);
});

Deno.test("the folder of the guides has generated files only", () => {
  const files = [...Deno.readDirSync(new URL("reference/guides/", ROOT))].map(({ name }) =>
    `reference/guides/${name}`
  );
  assertEquals(files.filter((file) => !Object.hasOwn(GENERATED_FILES, file)), []);
});

Deno.test("every guide has a name of its own, and its module has the title of the list", async () => {
  const names = GUIDES.map(({ name }) => name);
  assertEquals(names, [...new Set(names)]);
  for (const { title, load } of GUIDES) assertEquals((await load()).content.title, title);
});

const SOURCES = [
  { name: "sdk", file: "docs/sdk.md" },
  { name: "security", file: "SECURITY.md" },
];

for (
  const [href, file, expected] of [
    ["sdk.md", "docs/deploy.md", "/docs/guide/sdk"],
    ["docs/sdk.md#curl", "CONTRIBUTING.md", "/docs/guide/sdk#curl"],
    ["../SECURITY.md#bounds", "docs/sdk.md", "/docs/guide/security#bounds"],
    ["errors.md", "docs/sdk.md", "/docs/errors"],
    ["README.md", "docs/sdk.md", "/docs/guide"],
    ["#curl", "docs/sdk.md", "#curl"],
    ["https://example.com/a", "docs/sdk.md", "https://example.com/a"],
    ["../bench/README.md", "docs/sdk.md", undefined],
    ["javascript:alert(1)", "docs/sdk.md", undefined],
  ] as const
) {
  Deno.test(`in the guides, ${href} of ${file} leads to ${expected ?? "nothing"}`, () => {
    assertEquals(guideTarget(href, file, SOURCES)?.address, expected);
  });
}

const nowhere = () => undefined;

Deno.test("a guide has its first heading as title, its first sentence as description, and ids as forges make them", () => {
  const { title, description, headings, html } = render(
    "# A `title`\n\nOne [link](x.md) & more. Two.\n\n## What it's for?\n\n## What it's for?\n",
    nowhere,
  );
  assertEquals([title, description], ["A title", "One link & more."]);
  assertEquals(headings.map(({ id }) => id), ["what-its-for", "what-its-for-1"]);
  assert(html.includes("<p>One link &amp; more. Two.</p>"), html);
});

Deno.test("a link whose text is the name of a file has the title of its page instead", () => {
  const target = () => ({ address: "/docs/guide/sdk", title: "SDKs & <code>" });
  const { html } = render(
    "# Title\n\n[sdk.md](sdk.md), [SDKs](sdk.md), [`sdk.md`](sdk.md)\n",
    target,
  );
  const labels = [...html.matchAll(/<a href="\/docs\/guide\/sdk">(.+?)<\/a>/g)].map(([, text]) =>
    text
  );
  assertEquals(labels, ["SDKs &amp; &lt;code&gt;", "SDKs", "SDKs &amp; &lt;code&gt;"]);
});

Deno.test("code and tables of a guide are regions with a name each, and code is escaped", () => {
  const block = "```sh ignore\necho '<b>'\n```\n\n";
  const table = "| a |\n| - |\n| `<i>` |\n\n";
  const { html } = render(`# Title\n\n${block}${block}${table}`, nowhere);
  const labels = [...html.matchAll(/role="region" aria-label="([^"]+)"/g)].map(([, name]) => name);
  assertEquals(labels, ["Shell", "Shell 2", "Table"]);
  assert(!/<b>|<i>/.test(html.replaceAll(/<i class="\w">/g, "")), html);
});

for (
  const text of [
    "# Title\n\n![a picture](a.png)\n",
    "# Title\n\n<script>x</script>\n",
    "No title\n",
  ]
) {
  Deno.test(`${JSON.stringify(text)} is no guide`, () => {
    assertThrows(() => render(text, nowhere), Error);
  });
}
