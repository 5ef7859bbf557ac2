import { apiDocument, documentedOperations } from "./document.ts";
import { GUIDE_INDEX, guidePath } from "./guide_paths.ts";
import { GUIDES } from "./guides/mod.ts";
import { type Markup, markup } from "./markup.ts";
import { operationPath, PATHS } from "./paths.ts";

/** A page beside those of the operations. */
export interface Entry {
  readonly path: string;
  readonly name: string;
}

const ENTRIES: readonly Entry[] = [
  { path: GUIDE_INDEX, name: "Guides" },
  { path: PATHS.reference, name: "API reference" },
  { path: PATHS.errors, name: "Statuses and errors" },
  { path: PATHS.openapi, name: "OpenAPI document" },
];

/**
 * The list of all pages; on a phone a popover, which needs no script. The guides are listed on
 * their own pages only, in place of the operations.
 */
export function navigation(current: string, more: readonly Entry[] = []): Markup {
  const groups = current.startsWith(GUIDE_INDEX) ? guideGroups(current) : operationGroups(current);
  return markup`<nav class="side" id="navigation" aria-label="Reference" popover>
<ul>
${[...ENTRIES, ...more].map(({ path, name }) => item(path, current, markup`${name}`))}</ul>
${groups}</nav>
`;
}

function operationGroups(current: string): Markup[] {
  return apiDocument().tags.map(({ name }, index) =>
    group(
      name,
      index,
      documentedOperations().filter(({ tag }) => tag === name).map((operation) =>
        item(
          operationPath(operation.operationId),
          current,
          markup`<span>${operation.summary}</span> ${methodBadge(operation.method)}`,
        )
      ),
    )
  );
}

function guideGroups(current: string): Markup[] {
  return Object.entries(Object.groupBy(GUIDES, (guide) => guide.group)).map(
    ([name, guides = []], index) =>
      group(
        name,
        index,
        guides.map((guide) => item(guidePath(guide.name), current, markup`${guide.title}`)),
      ),
  );
}

function group(name: string, index: number, items: readonly Markup[]): Markup {
  return markup`<p class="group" id="group-${index}">${name}</p>
<ul aria-labelledby="group-${index}">
${items}</ul>
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
