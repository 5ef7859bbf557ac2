import { resolved } from "./document.ts";
import type { JsonSchema } from "./json_schema.ts";
import { type Markup, markup } from "./markup.ts";
import { inline } from "./prose.ts";

/** Longest pattern that is shown; a longer one explains nothing to a reader. */
const MAX_PATTERN_LENGTH = 60;

/** A row of a list of parameters or members. */
export interface Row {
  readonly name: string;
  readonly schema: JsonSchema;
  readonly description?: string | undefined;
  readonly required?: boolean | undefined;
  readonly example?: unknown;
}

/** Renders a schema: its variants, its members, or its type. */
export function schemaView(given: JsonSchema): Markup {
  const schema = resolved<JsonSchema>(given);
  const variants = variantsOf(schema);
  if (variants.length > 1) {
    return markup`<p class="muted">One of:</p>
${variants.map((variant, index) => variantView(variant, index === 0))}`;
  }
  const object = variants[0] ?? schema;
  const rows = membersOf(object);
  return rows.length > 0 ? rowsView(rows) : markup`<p>${typeOf(schema)}</p>
`;
}

/** Renders parameters or members with type, constraints and description. */
export function rowsView(rows: readonly Row[]): Markup {
  return markup`<dl class="rows">
${rows.map(rowView)}</dl>
`;
}

/** The members of an object, or of the entries of a list. */
export function membersOf(given: JsonSchema): Row[] {
  const schema = resolved<JsonSchema>(given);
  if (schema.items) return membersOf(schema.items as JsonSchema);
  const [only, ...others] = variantsOf(schema);
  if (only && others.length === 0) return membersOf(only);
  const required = (schema.required ?? []) as string[];
  const properties = (schema.properties ?? {}) as Record<string, JsonSchema>;
  return Object.entries(properties).map(([name, member]) => ({
    name,
    schema: member,
    description: member.description as string | undefined,
    required: required.includes(name),
    example: (member.examples as unknown[] | undefined)?.[0],
  }));
}

/** The alternatives of a schema other than null, with their references resolved. */
export function variantsOf({ anyOf }: JsonSchema): JsonSchema[] {
  return ((anyOf ?? []) as JsonSchema[])
    .map((one) => resolved<JsonSchema>(one))
    .filter(({ type }) => type !== "null");
}

function variantView(variant: JsonSchema, open: boolean): Markup {
  return markup`<details class="variant"${open ? " open" : ""}>
<summary>${variant.title ?? typeOf(variant)}</summary>
${schemaView(variant)}</details>
`;
}

function rowView({ name, schema, description, required, example }: Row): Markup {
  const facts = [
    ...constraints(schema),
    ...(example === undefined ? [] : [fact("example", example)]),
  ];
  return markup`<dt><code>${name}</code> <span class="type">${typeOf(schema)}</span>${
    required ? markup` <span class="required">required</span>` : ""
  }</dt>
<dd>${description ? inline(description) : ""}${factsView(facts)}${nested(schema)}</dd>
`;
}

function factsView(facts: readonly Markup[]): Markup {
  if (facts.length === 0) return markup``;
  return markup`
<p class="constraints">${facts.map((one) => markup`<span class="fact">${one}</span>`)}</p>`;
}

/** The members of a member, folded. */
function nested(schema: JsonSchema): Markup {
  const inner = resolved<JsonSchema>((schema.items ?? schema) as JsonSchema);
  if (variantsOf(inner).length < 2 && membersOf(inner).length === 0) return markup``;
  return markup`
<details class="nested"><summary>Members</summary>
${schemaView(inner)}</details>`;
}

/** The type in words, such as `list of string` or `string or null`. */
export function typeOf(given: JsonSchema): string {
  const schema = resolved<JsonSchema>(given);
  const nullable = ((schema.anyOf ?? []) as JsonSchema[]).some(({ type }) => type === "null");
  const names = [schema.type ?? variantsOf(schema).map(({ type }) => type ?? "object")].flat()
    .filter((name) => name !== undefined);
  const unique = [...new Set([...names, ...(nullable ? ["null"] : [])])];
  const words = unique.map((name) =>
    name === "array" ? `list of ${typeOf((schema.items ?? {}) as JsonSchema)}` : name
  );
  return words.join(" or ") || typeof schema.const;
}

/** The constraints of a schema in words. */
function constraints(given: JsonSchema): Markup[] {
  const schema = resolved<JsonSchema>(given);
  const { pattern, format, default: preset } = schema;
  const values = (schema.enum ?? ("const" in schema ? [schema.const] : [])) as unknown[];
  const shown = values.filter((value) => value !== null);
  return [
    ...(shown.length > 0 ? [markup`${shown.map((value) => markup`<code>${value}</code> `)}`] : []),
    ...(typeof format === "string" ? [markup`format ${format}`] : []),
    ...range(schema.minLength, schema.maxLength, "characters"),
    ...range(schema.minItems, schema.maxItems, "entries"),
    ...range(schema.minimum, schema.maximum, ""),
    ...(typeof pattern === "string" && pattern.length <= MAX_PATTERN_LENGTH
      ? [fact("pattern", pattern)]
      : []),
    ...(preset === undefined || "const" in schema ? [] : [fact("default", preset)]),
  ];
}

function range(least: unknown, most: unknown, unit: string): Markup[] {
  if (least === undefined && most === undefined) return [];
  if (least === undefined) return [markup`at most ${most} ${unit}`];
  return [
    most === undefined ? markup`at least ${least} ${unit}` : markup`${least} to ${most} ${unit}`,
  ];
}

function fact(name: string, value: unknown): Markup {
  return markup`${name} <code>${typeof value === "string" ? value : JSON.stringify(value)}</code>`;
}
