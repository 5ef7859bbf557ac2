import { apiDocument, documentedOperations } from "./document.ts";
import { type Markup, markup } from "./markup.ts";
import { operationPath, PATHS } from "./paths.ts";

/** A page beside those of the operations. */
export interface Guide {
  readonly path: string;
  readonly name: string;
}

const GUIDES: readonly Guide[] = [
  { path: PATHS.reference, name: "Overview" },
  { path: PATHS.errors, name: "Statuses and errors" },
  { path: PATHS.openapi, name: "OpenAPI document" },
];

/** The list of all pages; on a phone a popover, which needs no script. */
export function navigation(current: string, more: readonly Guide[] = []): Markup {
  return markup`<nav class="side" id="navigation" aria-label="Reference" popover>
<ul>
${[...GUIDES, ...more].map(({ path, name }) => item(path, current, markup`${name}`))}</ul>
${
    apiDocument().tags.map(({ name }, index) =>
      markup`<p class="group" id="group-${index}">${name}</p>
<ul aria-labelledby="group-${index}">
${
        documentedOperations().filter(({ tag }) => tag === name).map((operation) =>
          item(
            operationPath(operation.operationId),
            current,
            markup`<span>${operation.summary}</span> ${methodBadge(operation.method)}`,
          )
        )
      }</ul>
`
    )
  }</nav>
`;
}

/** The method of an operation, in its color. */
export function methodBadge(method: string): Markup {
  return markup`<span class="method ${method.toLowerCase()}">${method}</span>`;
}

function item(path: string, current: string, label: Markup): Markup {
  const mark = path === current ? markup` aria-current="page"` : "";
  return markup`<li><a href="${path}"${mark}>${label}</a></li>
`;
}
