import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { type DocumentedOperation, documentedOperations } from "../../reference/document.ts";
import { operationPage } from "../../reference/operation_page.ts";
import { LANGUAGES } from "../../reference/samples/mod.ts";
import { membersOf, variantsOf } from "../../reference/schema_view.ts";

const OPERATIONS = documentedOperations();

/** The names in the bodies of an operation, of each of their variants. */
function memberNames({ requestBody, responses }: DocumentedOperation): string[] {
  const bodies = [requestBody?.content, ...responses.map(({ content }) => content)];
  return bodies.flatMap((content) => {
    const { schema = {} } = content?.["application/json"] ?? {};
    const variants = variantsOf(schema);
    return (variants.length > 0 ? variants : [schema]).flatMap(membersOf).map(({ name }) => name);
  });
}

for (const operation of OPERATIONS) {
  const { operationId, parameters, responses, summary, requestBody } = operation;
  const html = operationPage(operationId);

  Deno.test(`the page of ${operationId} has its parameters, members, responses and samples`, () => {
    assertStringIncludes(html, `<h1>${summary}</h1>`);
    for (const { name } of parameters) {
      assertStringIncludes(html, `<dt><code>${name}</code>`);
      assertStringIncludes(html, `name="${name}"`); // in the form
    }
    for (
      const name of memberNames(operation).filter((name) => name !== "code" && name !== "text")
    ) {
      assertStringIncludes(html, `<dt><code>${name}</code>`);
    }
    for (const { status, content } of responses) {
      assert(new RegExp(`<span class="status (?:success|error)">${status}</span>`).test(html));
      for (const code of Object.keys(content?.["application/json"]?.examples ?? {})) {
        assertStringIncludes(html, `href="/docs/errors#${code}"`);
      }
    }
    for (const { id } of LANGUAGES) {
      const isOwn = operationId === "getUsage"; // no SDK has it
      assertEquals(html.includes(`data-language="${id}"`), !(isOwn && id.endsWith("-sdk")), id);
    }
    assertEquals(html.includes('id="try-body"'), requestBody !== undefined);
  });
}

Deno.test("an id occurs once on a page", () => {
  for (const { operationId } of OPERATIONS) {
    const ids = [...operationPage(operationId).matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    assertEquals(ids, [...new Set(ids)], operationId);
  }
});

Deno.test("the pages have no token, and no value that is not one of the examples", () => {
  for (const { operationId } of OPERATIONS) {
    const html = operationPage(operationId);
    assert(!/Bearer (?!\$TOKEN|\$\{|\{os|token)/.test(html), operationId);
    const filled = [...html.matchAll(/<b data-value="(\w+)">([^<]*)<\/b>/g)];
    assert(filled.some(([, name]) => name === "host"));
    assert(filled.every(([, , value = ""]) => !value.includes("{{")), operationId);
  }
});
