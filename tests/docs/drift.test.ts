import { assert, assertEquals } from "@std/assert";
import { openApiDocument } from "../../reference/openapi.ts";
import { GENERATED_FILES } from "../../scripts/docs/files.ts";
import { PLATFORM_VARIABLES } from "../../platform.ts";
import { VARIABLES } from "../../settings.ts";

const read = (path: string) => Deno.readTextFileSync(new URL(`../../${path}`, import.meta.url));

Deno.test("the generated files are those of the settings and the catalog: run `deno task docs`", () => {
  for (const [path, text] of Object.entries(GENERATED_FILES)) {
    assertEquals(read(path), text(), path);
  }
});

Deno.test("the start task may read the settings, variables with their prefixes and those of libraries, and no others", () => {
  const { tasks } = JSON.parse(read("deno.json"));
  const command: string = tasks.start.command;
  const granted = /--allow-env=(\S+)/.exec(command)?.[1]?.split(",");
  const own = VARIABLES.filter((name) => !name.startsWith("OTEL_"))
    .map((name) => /_proxy(_file)?$/i.test(name) ? name : name.replace(/_.*/, "_*"));
  assertEquals(granted, [
    ...new Set(own),
    "OTEL_*",
    "UNDICI_*",
    "JEST_WORKER_ID",
    ...PLATFORM_VARIABLES,
  ]);
  assertEquals(command.match(/--allow-\w+(=data\S*)?/g), [
    "--allow-net",
    "--allow-read=data,/run/secrets,/etc/sms-gateway,/dev/null",
    "--allow-write=data",
    "--allow-env",
  ]);
});

Deno.test("the command that builds the image names the version of deno.json", () => {
  const { version } = JSON.parse(read("deno.json"));
  assert(read("docs/deploy.md").includes(`--build-arg VERSION=${version} `));
});

Deno.test("the newest version of CHANGELOG.md is that of deno.json, below an Unreleased section", () => {
  const titles = [...read("CHANGELOG.md").matchAll(/^## \[(.+?)\](?: - \d{4}-\d\d-\d\d)?$/gm)];
  const { version } = JSON.parse(read("deno.json"));
  assertEquals(titles.slice(0, 2).map(([, title]) => title), ["Unreleased", version]);
});

Deno.test("the version of the OpenAPI document is that of deno.json", () => {
  assertEquals(
    JSON.parse(JSON.stringify(openApiDocument())).info.version,
    JSON.parse(read("deno.json")).version,
  );
});
