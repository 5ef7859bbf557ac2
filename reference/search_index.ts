import { ERRORS_PAGE, statusAnchor } from "../errors/help.ts";
import { codesOf, STATUSES } from "../errors/statuses.ts";
import { type DocumentedOperation, documentedOperations, resolved } from "./document.ts";
import type { Guide } from "./guide.ts";
import { guidePath } from "./guide_paths.ts";
import { GUIDES } from "./guides/mod.ts";
import type { JsonSchema } from "./json_schema.ts";
import { operationPath } from "./paths.ts";
import { membersOf, variantsOf } from "./schema_view.ts";

/** What the search can find: a page or a section of one. */
export interface SearchEntry {
  readonly title: string;
  /** A short text beside the title. */
  readonly note: string;
  readonly path: string;
  /** Other words by which it is found, such as names of members. */
  readonly words: string;
}

/** Every operation, status and code, every guide and section of one. */
export function searchIndex(): SearchEntry[] {
  return [
    ...documentedOperations().map(operationEntry),
    ...errorEntries(),
    ...GUIDES.flatMap(guideEntries),
  ];
}

function guideEntries({ name, title, headings }: Guide): SearchEntry[] {
  const path = guidePath(name);
  return [
    { title, note: "guide", path, words: "" },
    ...headings.map(([id, text]) => ({
      title: text,
      note: title,
      path: `${path}#${id}`,
      words: "",
    })),
  ];
}

function operationEntry(operation: DocumentedOperation): SearchEntry {
  const { operationId, summary, method, path, parameters, tag } = operation;
  const names = [
    operationId,
    tag,
    ...parameters.map(({ name }) => name),
    ...bodyMembers(operation),
  ];
  return {
    title: summary,
    note: `${method} ${path.replace("/xms/v1/{service_plan_id}", "")}`,
    path: operationPath(operationId),
    words: [...new Set(names)].join(" "),
  };
}

function bodyMembers({ requestBody, responses }: DocumentedOperation): string[] {
  const contents = [requestBody?.content, ...responses.map(({ content }) => content)];
  return contents.flatMap((content) => namesIn(content?.["application/json"]?.schema ?? {}));
}

function namesIn(schema: JsonSchema): string[] {
  const variants = variantsOf(resolved<JsonSchema>(schema));
  if (variants.length > 0) return variants.flatMap(namesIn);
  return membersOf(schema).map(({ name }) => name);
}

function errorEntries(): SearchEntry[] {
  return STATUSES.flatMap(({ status, phrase, meaning }) => [
    {
      title: `${status} ${phrase}`,
      note: "status",
      path: `${ERRORS_PAGE}#${statusAnchor(status)}`,
      words: meaning,
    },
    ...codesOf(status).map(([code, { meaning }]) => ({
      title: code,
      note: `error ${status}`,
      path: `${ERRORS_PAGE}#${code}`,
      words: meaning,
    })),
  ]);
}
