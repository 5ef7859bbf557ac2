import { codeView } from "./code_view.ts";
import { type DocumentedOperation, documentedOperations } from "./document.ts";
import { page } from "./layout.ts";
import { type Markup, markup } from "./markup.ts";
import { methodBadge } from "./navigation.ts";
import { operationPath } from "./paths.ts";
import { prose } from "./prose.ts";
import { phraseOf, responsesView } from "./responses_view.ts";
import { samplesView } from "./samples_view.ts";
import { rowsView, schemaView } from "./schema_view.ts";
import { tryIt } from "./try_it.ts";

/** Where a parameter is, and the title of the section for it. */
const PARAMETER_SECTIONS = {
  path: "Path parameters",
  query: "Query parameters",
  header: "Headers",
} as const;

/** The page of one operation. */
export function operationPage(id: string): string {
  const operations = documentedOperations();
  const index = operations.findIndex(({ operationId }) => operationId === id);
  const operation = operations[index];
  if (!operation) throw new TypeError(`There is no operation ${id}`);
  const { summary, method, path } = operation;
  return page({
    title: summary,
    path: operationPath(id),
    description: `${method} ${path}: parameters, body, responses and samples.`,
  }, content(operation, { previous: operations[index - 1], next: operations[index + 1] }));
}

/** The operations before and after one. */
interface Neighbours {
  readonly previous: DocumentedOperation | undefined;
  readonly next: DocumentedOperation | undefined;
}

function content(operation: DocumentedOperation, { previous, next }: Neighbours): Markup {
  const { tag, summary, method, path, description, requestBody, responses } = operation;
  const schema = requestBody?.content["application/json"]?.schema;
  return markup`<main class="operation" id="content">
<div class="text">
<p class="tag">${tag}</p>
<h1>${summary}</h1>
<p class="endpoint">${methodBadge(method)} <code>${breakable(path)}</code></p>
${prose(description)}</div>
<aside aria-label="Samples">
${samplesView(operation)}${tryIt(operation)}${exampleResponse(operation)}</aside>
<div class="text">
${parametersIn("path", operation)}${parametersIn("query", operation)}${
    schema ? markup`<h2 id="body">Body</h2>\n${schemaView(schema)}` : ""
  }${parametersIn("header", operation)}<h2 id="responses">Responses</h2>
${responsesView(responses)}<nav class="neighbours" aria-label="Previous and next operation">
${previous ? neighbour(previous, { rel: "prev" }) : ""}${
    next ? neighbour(next, { rel: "next" }) : ""
  }</nav>
</div>
</main>`;
}

function neighbour(
  { operationId, summary }: DocumentedOperation,
  { rel }: { rel: "prev" | "next" },
): Markup {
  return markup`<a rel="${rel}" href="${operationPath(operationId)}">${summary}</a>
`;
}

/** A path that can break before each slash. */
function breakable(path: string): Markup {
  return markup`${path.split("/").slice(1).map((segment) => markup`<wbr>/${segment}`)}`;
}

function parametersIn(
  place: keyof typeof PARAMETER_SECTIONS,
  { parameters }: DocumentedOperation,
): Markup {
  const rows = parameters.filter((parameter) => parameter.in === place);
  if (rows.length === 0) return markup``;
  return markup`<h2 id="${place}">${PARAMETER_SECTIONS[place]}</h2>
${rowsView(rows)}`;
}

function exampleResponse({ responses }: DocumentedOperation): Markup {
  const success = responses.find(({ status }) => status < 400);
  const example = success?.content?.["application/json"]?.example;
  if (!success || example === undefined) return markup``;
  const label = `Response: ${success.status} ${phraseOf(success.status)}`;
  return codeView(JSON.stringify(example, null, 2), { label });
}
