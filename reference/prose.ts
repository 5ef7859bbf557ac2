import { type Markup, markup } from "./markup.ts";
import { DOCUMENTED_IDS, operationPath } from "./paths.ts";

/** Code, bold text and links: the Markdown that the texts of the document use. */
const INLINE = /`([^`]+)`|\*\*(.+?)\*\*|\[([^\]]+)\]\(([^)]+)\)/g;

const OPERATION_IDS: ReadonlySet<string> = new Set(DOCUMENTED_IDS);

/** Renders paragraphs and lists of a text in Markdown. */
export function prose(text: string): Markup {
  const blocks = text.trim().split(/\n{2,}/);
  return markup`${blocks.map((block) => block.startsWith("- ") ? list(block) : paragraph(block))}`;
}

/** Renders code, bold text and links; code that is the id of an operation becomes a link to it. */
export function inline(text: string): Markup {
  const parts: unknown[] = [];
  let end = 0;
  for (const found of text.matchAll(INLINE)) {
    const [whole, code, bold, label, target] = found;
    parts.push(text.slice(end, found.index));
    if (code !== undefined) parts.push(codeSpan(code));
    else if (bold !== undefined) parts.push(markup`<strong>${inline(bold)}</strong>`);
    else parts.push(markup`<a href="${target}">${inline(label ?? "")}</a>`);
    end = found.index + whole.length;
  }
  return markup`${[...parts, text.slice(end)]}`;
}

function paragraph(text: string): Markup {
  return markup`<p>${inline(text)}</p>
`;
}

function list(text: string): Markup {
  const entries = text.slice(2).split(/\n- /);
  return markup`<ul>
${entries.map((entry) => markup`<li>${inline(entry.replace(/\s+/g, " "))}</li>\n`)}</ul>
`;
}

function codeSpan(code: string): Markup {
  const span = markup`<code>${code}</code>`;
  return OPERATION_IDS.has(code) ? markup`<a href="${operationPath(code)}">${span}</a>` : span;
}
