import { type Markup, markup } from "./markup.ts";
import { PLACEHOLDER } from "./samples/sample.ts";

/** Comments, strings (with the colon after a name), numbers and keywords of all shown languages. */
const TOKEN =
  /(?<comment>(?<=^|\s)#.*|\/\/ .*)|(?<text>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`(?:\\.|[^`\\])*`)(?<name>\s*:)?|(?<number>\b\d+(?:\.\d+)?\b)|(?<keyword>\b(?:import|from|const|await|new|for|of|in|print|true|false|null|True|False|None|curl)\b)/gm;

/** Options of {@linkcode codeView}. */
export interface CodeOptions {
  /** Name of the code for assistive technology, and its title. */
  readonly label: string;
  /** Placeholder → the value that the page has before the browser fills it in. */
  readonly values?: Readonly<Record<string, string>>;
}

/** Renders code with colors and a button that copies it; scripts show the button. */
export function codeView(text: string, { label, values = {} }: CodeOptions): Markup {
  return markup`<div class="code">
<div class="code-bar"><span>${label}</span><button type="button" class="copy" hidden>Copy</button></div>
<pre tabindex="0" role="region" aria-label="${label}"><code>${
    highlighted(text, values)
  }</code></pre>
</div>
`;
}

function highlighted(text: string, values: Readonly<Record<string, string>>): Markup {
  const parts: Markup[] = [];
  let end = 0;
  for (const { 0: whole, index, groups = {} } of text.matchAll(TOKEN)) {
    parts.push(withValues(text.slice(end, index), values));
    parts.push(token(whole, groups, values));
    end = index + whole.length;
  }
  return markup`${[...parts, withValues(text.slice(end), values)]}`;
}

function token(
  whole: string,
  { comment, text, name }: Record<string, string | undefined>,
  values: Readonly<Record<string, string>>,
): Markup {
  if (comment !== undefined) return markup`<i class="c">${whole}</i>`;
  if (text === undefined) return markup`<i class="k">${whole}</i>`;
  return name === undefined
    ? markup`<i class="s">${withValues(text, values)}</i>`
    : markup`<i class="n">${text}</i>${name}`;
}

/** The text with an element for each placeholder, which the browser fills in. */
function withValues(text: string, values: Readonly<Record<string, string>>): Markup {
  const parts: unknown[] = [];
  let end = 0;
  for (const { 0: whole, 1: name = "", index } of text.matchAll(PLACEHOLDER)) {
    parts.push(text.slice(end, index));
    parts.push(markup`<b data-value="${name}">${values[name] ?? whole}</b>`);
    end = index + whole.length;
  }
  return markup`${[...parts, text.slice(end)]}`;
}
