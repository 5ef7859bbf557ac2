import { assert, assertEquals } from "@std/assert";
import { CATALOG } from "../../errors/catalog.ts";
import { openApiDocument } from "../../reference/openapi.ts";
import { type Setting, SETTINGS, VARIABLES } from "../../settings.ts";

const read = (path: string) => Deno.readTextFileSync(new URL(`../../${path}`, import.meta.url));

/** The cells of the README table whose header starts with these words. */
function table(firstHeader: string): string[][] {
  const lines = read("README.md").split("\n");
  const start = lines.findIndex((line) => line.startsWith(`| ${firstHeader} `));
  assert(start >= 0, `no table with the header ${firstHeader}`);
  const end = lines.findIndex((line, index) => index > start && !line.startsWith("|"));
  return lines.slice(start + 2, end).map((line) =>
    line.split("|").slice(1, -1).map((cell) => cell.trim())
  );
}

function defaultCell({ fallback, default: value, optional }: Setting, name: string): string {
  const plain = value !== undefined
    ? `\`${value}\``
    : name === "OTLP_ENDPOINT"
    ? "off"
    : optional
    ? "–"
    : "required";
  return fallback ? `\`${fallback}\`, else ${plain}` : plain;
}

Deno.test("the README's configuration table lists the settings with their defaults and meanings", () => {
  assertEquals(
    table("Name"),
    Object.entries<Setting>(SETTINGS).map(([name, setting]) => [
      `\`${name}\``,
      defaultCell(setting, name),
      setting.meaning,
    ]),
  );
});

Deno.test("the README's error table matches the catalog", () => {
  assertEquals(
    table("Status"),
    Object.entries(CATALOG).map(([code, { status, fault, processed, retry, meaning, help }]) => [
      String(status),
      `\`${code}\``,
      fault,
      processed,
      retry === "idempotent_only" ? "GET, PUT, DELETE" : retry,
      `${meaning} ${help}`,
    ]),
  );
});

Deno.test(".env.example lists every setting once, in order, with its default and expected value", () => {
  const example = read(".env.example");
  const named = [...example.matchAll(/^#? ?([A-Z_]+)=(.*)$/gm)].map((
    [, name, value],
  ) => [name, value]);
  assertEquals(
    named,
    Object.entries<Setting>(SETTINGS).map(([name, setting]) => [name, setting.default ?? ""]),
  );
  for (const { expected } of Object.values(SETTINGS)) {
    assert(example.includes(`# Expected: ${expected}\n`), expected);
  }
});

Deno.test("the start task may read the settings, variables with their prefixes and those of libraries, and no others", () => {
  const { tasks } = JSON.parse(read("deno.json"));
  const command: string = tasks.start.command;
  const granted = /--allow-env=(\S+)/.exec(command)?.[1]?.split(",");
  const own = VARIABLES.filter((name) => !name.startsWith("OTEL_"))
    .map((name) => name.replace(/_.*/, "_*"));
  // A setting that is itself a first word, IDEMPOTENCY, needs the pattern without the underscore.
  const patterns = own.map((name) => name.replace(/^IDEMPOTENCY.*/, "IDEMPOTENCY*"));
  assertEquals(granted, [
    ...new Set(patterns),
    "OTEL_*",
    "UNDICI_*",
    "JEST_WORKER_ID",
  ]);
  assertEquals(
    command.match(/--allow-(?!env)\S+/g),
    ["--allow-net", "--allow-read=data", "--allow-write=data"],
  );
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
