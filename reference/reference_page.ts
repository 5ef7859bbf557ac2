import { codeView } from "./code_view.ts";
import { apiDocument, documentedOperations } from "./document.ts";
import { page } from "./layout.ts";
import { type Markup, markup } from "./markup.ts";
import { methodBadge } from "./navigation.ts";
import { operationPath, PATHS } from "./paths.ts";
import { inline, prose } from "./prose.ts";
import { samplesView } from "./samples_view.ts";
import { EXAMPLE_HOST } from "./samples/sample.ts";

/** The first page: what applies to all operations, and the list of them. */
export function referencePage(): string {
  return page({
    title: "API reference",
    path: PATHS.reference,
    description: "Every operation of the SMS gateway, with requests, responses and errors.",
  }, content());
}

function content(): Markup {
  const { info, tags, components } = apiDocument();
  const [first] = documentedOperations();
  return markup`<main class="operation" id="content">
<div class="text">
<h1>API reference</h1>
${prose(info.description)}<h2 id="token">Your token</h2>
${prose(components.securitySchemes.bearerToken.description)}<p>The samples read it from the variable
<code>TOKEN</code>, and “Try it” keeps what you type in this tab only.</p>
<h2 id="operations">Operations</h2>
${
    tags.map(({ name, description }) =>
      markup`<h3>${name}</h3>
<p class="muted">${inline(description)}</p>
${operationList(name)}`
    )
  }</div>
<aside aria-label="Samples">
${codeView("{{host}}", { label: "Base URL", values: { host: EXAMPLE_HOST } })}${
    first ? samplesView(first) : ""
  }</aside>
</main>`;
}

function operationList(tag: string): Markup {
  return markup`<ul class="operations">
${
    documentedOperations().filter((operation) => operation.tag === tag).map((
      { operationId, method, path, summary },
    ) =>
      markup`<li><a href="${operationPath(operationId)}">${
        methodBadge(method)
      } <span>${summary}</span> <code>${
        path.replace("/xms/v1/{service_plan_id}", "…")
      }</code></a></li>
`
    )
  }</ul>
`;
}
