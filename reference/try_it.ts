import type { DocumentedOperation, Parameter } from "./document.ts";
import type { JsonSchema } from "./json_schema.ts";
import { type Markup, markup } from "./markup.ts";

/** The form that sends a request of an operation; scripts show it and send its values. */
export function tryIt(operation: DocumentedOperation): Markup {
  const { parameters, requestBody, method, path } = operation;
  const required = parameters.filter((parameter) => parameter.required);
  const optional = parameters.filter((parameter) => !parameter.required);
  const example = requestBody?.content["application/json"]?.example;
  return markup`<details class="try" id="try-it">
<summary>Try it</summary>
<p class="scriptless">This form needs JavaScript.</p>
<form hidden data-method="${method}" data-path="${path}" data-ids="${
    JSON.stringify(identifiers(operation))
  }">
<p class="muted">Sends a real request from this page to this gateway.</p>
<label for="try-token">Bearer token</label>
<input id="try-token" type="password" data-in="token" autocomplete="off" spellcheck="false" required>
${required.map(field)}${
    optional.length === 0
      ? ""
      : markup`<details class="nested"><summary>Optional parameters</summary>
${optional.map(field)}</details>
`
  }${requestBody ? bodyField(example) : ""}<button type="submit">Send</button>
<div class="result" aria-live="polite"></div>
</form>
</details>
`;
}

function field(parameter: Parameter): Markup {
  const id = `try-${parameter.name}`;
  return markup`<label for="${id}"><code>${parameter.name}</code></label>
${control(parameter, id)}
`;
}

function control({ name, in: place, required, schema, example }: Parameter, id: string): Markup {
  const values = choices(schema);
  const needed = required ? markup` required` : "";
  if (values.length > 0) {
    return markup`<select id="${id}" name="${name}" data-in="${place}"${needed}><option></option>${
      values.map((value) => markup`<option>${value}</option>`)
    }</select>`;
  }
  const preset = required && example ? markup` value="${example}"` : "";
  return markup`<input id="${id}" name="${name}" data-in="${place}"${preset} placeholder="${
    example ?? ""
  }" autocomplete="off" spellcheck="false"${needed}>`;
}

/** The values of an enumeration or a boolean. */
function choices({ enum: values, type }: JsonSchema): unknown[] {
  if (Array.isArray(values)) return values.filter((value) => value !== null);
  return [type].flat().includes("boolean") ? [true, false] : [];
}

function bodyField(example: unknown): Markup {
  const text = JSON.stringify(example, null, 2);
  return markup`<label for="try-body">Body</label>
<textarea id="try-body" data-in="body" rows="${
    Math.min(text.split("\n").length, 14)
  }" spellcheck="false">${text}</textarea>
`;
}

/**
 * Parameter of another operation → JSON pointer to its value in a success of this one, from the
 * links of the document. The page then fills it in where it is needed.
 */
function identifiers({ responses }: DocumentedOperation): Record<string, string> {
  const links = responses.flatMap(({ links = {} }) => Object.values(links));
  return Object.fromEntries(
    links.flatMap(({ parameters }) => Object.entries(parameters)).flatMap(([name, expression]) => {
      const [, pointer] = expression.split("$response.body#");
      return pointer === undefined ? [] : [[name, pointer]];
    }),
  );
}
