import { codeView } from "./code_view.ts";
import type { DocumentedOperation } from "./document.ts";
import { type Markup, markup } from "./markup.ts";
import { samplesOf } from "./samples/mod.ts";
import { exampleValues } from "./samples/sample.ts";

/** The samples of an operation, of which radio buttons show one; this needs no script. */
export function samplesView(operation: DocumentedOperation): Markup {
  const samples = samplesOf(operation);
  const values = exampleValues(operation.parameters);
  return markup`<div class="samples">
<fieldset class="languages"><legend class="visually-hidden">Language of the sample</legend>
${
    samples.map(({ id, name }, index) =>
      markup`<input type="radio" name="language" id="language-${id}" value="${id}"${
        index === 0 ? " checked" : ""
      }><label for="language-${id}">${name}</label>
`
    )
  }</fieldset>
${
    samples.map(({ id, name, text }) =>
      markup`<div class="sample" data-language="${id}">
${codeView(text, { label: `${operation.summary}: ${name}`, values })}</div>
`
    )
  }</div>
`;
}
