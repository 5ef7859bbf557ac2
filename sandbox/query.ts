/** Reads query parameters in the forms that clients send. */

/** Parameters that are numbers or booleans. */
const SCALARS: ReadonlySet<string> = new Set([
  "page",
  "page_size",
  "number_of_recipients",
  "per_recipient",
]);

/** Parameters with several values, separated by commas. */
const LISTS: ReadonlySet<string> = new Set(["from", "to", "status", "code"]);

/**
 * The parameters of `query` by name, with the types of the schemas. A repeated list parameter
 * (`status=Failed&status=Expired`) is the same as a comma-separated one: clients generated from an
 * OpenAPI document repeat it by default.
 */
export function readParameters(query: URLSearchParams): Record<string, unknown> {
  const parameters: Record<string, unknown> = {};
  for (const name of new Set(query.keys())) {
    const values = query.getAll(name);
    parameters[name] = LISTS.has(name) ? values.join(",") : valueOf(name, values.at(-1) ?? "");
  }
  return parameters;
}

/** A number or a boolean if `text` is one. The Python SDK sends `True` and `False`. */
export function parseScalar(text: string): unknown {
  if (/^-?\d{1,15}$/.test(text)) return Number(text);
  if (/^true$/i.test(text)) return true;
  return /^false$/i.test(text) ? false : text;
}

function valueOf(name: string, text: string): unknown {
  return SCALARS.has(name) ? parseScalar(text) : text;
}
