/** Query strings as clients write them: numbers, booleans in any case, lists joined or repeated. */

/** Parameters that are numbers or booleans. */
const TYPED: ReadonlySet<string> = new Set([
  "page",
  "page_size",
  "number_of_recipients",
  "per_recipient",
]);

/** Parameters with several values, separated by commas. */
const LISTS: ReadonlySet<string> = new Set(["from", "to", "status", "code"]);

/**
 * The parameters of `query` by name, each as its schema reads it. A list that is repeated
 * (`status=Failed&status=Expired`) equals one that is joined by commas: clients generated from an
 * OpenAPI document repeat it unless they are told otherwise.
 */
export function parametersOf(query: URLSearchParams): Record<string, unknown> {
  const parameters: Record<string, unknown> = {};
  for (const name of new Set(query.keys())) {
    const values = query.getAll(name);
    parameters[name] = LISTS.has(name) ? values.join(",") : valueOf(name, values.at(-1) ?? "");
  }
  return parameters;
}

/** `text` as a number or a boolean if it is one. Python's SDK writes `True` and `False`. */
export function typed(text: string): unknown {
  if (/^-?\d{1,15}$/.test(text)) return Number(text);
  if (/^true$/i.test(text)) return true;
  return /^false$/i.test(text) ? false : text;
}

function valueOf(name: string, text: string): unknown {
  return TYPED.has(name) ? typed(text) : text;
}
