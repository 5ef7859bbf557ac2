import { ERRORS_PAGE, statusAnchor } from "../errors/help.ts";
import { STATUSES } from "../errors/statuses.ts";
import { type DocumentedResponse, resolved } from "./document.ts";
import { type Markup, markup } from "./markup.ts";
import { inline, prose } from "./prose.ts";
import { schemaView } from "./schema_view.ts";

/** Renders the responses of an operation, folded by status. */
export function responsesView(responses: readonly DocumentedResponse[]): Markup {
  return markup`<div class="responses">
${responses.map(responseView)}</div>
`;
}

/** The reason phrase of a status. */
export function phraseOf(status: number): string {
  return STATUSES.find((notes) => notes.status === status)?.phrase ?? "";
}

function responseView(response: DocumentedResponse): Markup {
  const { status, description, content } = response;
  const examples = Object.entries(content?.["application/json"]?.examples ?? {});
  const [meaning = ""] = description.split("\n\n");
  return markup`<details class="response">
<summary><span class="status ${status < 400 ? "success" : "error"}">${status}</span> ${
    phraseOf(status)
  }</summary>
${prose(meaning)}${status < 400 ? bodyView(response) : codesView(examples)}${
    headersView(response)
  }${
    status < 400
      ? ""
      : markup`<p><a href="${ERRORS_PAGE}#${
        statusAnchor(status)
      }">What to do after a ${status}</a></p>\n`
  }</details>
`;
}

function bodyView({ content }: DocumentedResponse): Markup {
  const schema = content?.["application/json"]?.schema;
  return schema ? schemaView(schema) : markup``;
}

function codesView(examples: readonly (readonly [string, { readonly value: unknown }])[]): Markup {
  if (examples.length === 0) return markup``;
  return markup`<dl class="rows">
${
    examples.map(([code, { value }]) =>
      markup`<dt><a href="${ERRORS_PAGE}#${code}"><code>${code}</code></a></dt>
<dd>${(value as { text?: string }).text ?? ""}</dd>
`
    )
  }</dl>
`;
}

function headersView({ headers = {} }: DocumentedResponse): Markup {
  const names = Object.keys(headers);
  if (names.length === 0) return markup``;
  return markup`<details class="nested"><summary>Headers</summary>
<dl class="rows">
${
    names.map((name) => {
      const { description = "" } = resolved<{ description?: string }>(headers[name] ?? {});
      return markup`<dt><code>${name}</code></dt>
<dd>${inline(description)}</dd>
`;
    })
  }</dl>
</details>
`;
}
