import { assert, assertEquals } from "@std/assert";
import * as v from "valibot";
import { policiesSchema } from "../../policies/policy.ts";
import { policiesJsonSchema } from "../../reference/policies_schema.ts";
import { testGateway } from "../support/gateway.ts";

const PAGE = await Deno.readTextFile(new URL("../../docs/policies.md", import.meta.url));

Deno.test("docs/policies.md lists the members of a policy with their descriptions", () => {
  const { items } = policiesJsonSchema();
  assert(typeof items === "object" && !Array.isArray(items));
  const members = Object.entries(items.properties ?? {}).map(([name, member]) => [
    `\`${name}\``,
    typeof member === "object" ? member.description : undefined,
  ]);
  const rows = PAGE.split("\n| Member ")[1]?.split("\n\n")[0]?.split("\n").slice(2) ?? [];
  const cells = rows.map((row) => row.split("|").slice(1, 3).map((cell) => cell.trim()));
  assertEquals(cells, members);
});

Deno.test("the example of docs/policies.md is valid", () => {
  const [, example = ""] = /```json\n([^]*?)```/.exec(PAGE) ?? [];
  assertEquals(v.parse(policiesSchema, JSON.parse(example)).length, 3);
});

Deno.test("the JSON Schema of policies is served, and has the countries", async () => {
  const { request } = await testGateway();
  const response = await request("/docs/policies.schema.json", { token: null });
  assertEquals(response.headers.get("content-type"), "application/schema+json");
  const text = await response.text();
  assertEquals(JSON.parse(text), JSON.parse(JSON.stringify(policiesJsonSchema())));
  assert(text.includes('"enum":["AC","AD"') && text.includes('"additionalProperties":false'));
  const off = await testGateway({ env: { DOCS: "off" } });
  assertEquals((await off.request("/docs/policies.schema.json", { token: null })).status, 404);
});
