import { Marked, type Renderer, type Tokens } from "marked";
import { getHeadingList, gfmHeadingId } from "marked-gfm-heading-id";
import { codeView } from "../../reference/code_view.ts";
import { markup } from "../../reference/markup.ts";

/** A rendered page. */
export interface Rendered {
  /** The text of its first heading. */
  readonly title: string;
  /** The first sentence, without markup. */
  readonly description: string;
  readonly html: string;
  /** Its headings of the second and third level. */
  readonly headings: readonly Heading[];
}

/** A heading that a link can lead to. */
export interface Heading {
  readonly id: string;
  readonly text: string;
}

const LANGUAGES: Readonly<Record<string, string>> = {
  console: "Shell session",
  js: "JavaScript",
  json: "JSON",
  python: "Python",
  sh: "Shell",
  text: "Text",
  toml: "TOML",
  ts: "TypeScript",
  yaml: "YAML",
};

/** What a link leads to in the guides. */
export interface Target {
  readonly address: string;
  /** The title of the page, which replaces the name of a file as text of the link. */
  readonly title: string | undefined;
}

/** What a link leads to, by its address in the file; undefined: the link becomes text. */
export type FindTarget = (href: string) => Target | undefined;

/** The name of a Markdown file as the text of a link. */
const FILE_NAME = /^(?:<code>)?[\w./-]+\.md(?:<\/code>)?$/;

/**
 * Renders GitHub-flavored Markdown; headings have the ids that forges give them.
 *
 * @throws {Error} if the file has an image or HTML other than comments
 */
export function render(text: string, target: FindTarget): Rendered {
  const marked = new Marked(gfmHeadingId(), { renderer: rendererFor(target) });
  const html = marked.parse(text, { async: false });
  const headings = getHeadingList().map(({ id, level, text }) => ({
    id,
    level,
    text: plain(text),
  }));
  const title = headings.find(({ level }) => level === 1)?.text;
  if (!title) throw new Error("The page has no title");
  return {
    title,
    html,
    description: firstSentence(html),
    headings: headings.filter(({ level }) => level === 2 || level === 3)
      .map(({ id, text }) => ({ id, text })),
  };
}

function rendererFor(find: FindTarget): Partial<Renderer> {
  const labels = new Labels();
  return {
    code: ({ text, lang }) => {
      const [language = ""] = (lang ?? "").split(" ");
      return codeView(text, { label: labels.next(LANGUAGES[language] ?? "Text") }).toString();
    },
    table(this: Renderer, { header, rows }) {
      const label = labels.next("Table");
      return `<div class="scroll" tabindex="0" role="region" aria-label="${label}">
<table>
<thead>${row(this, header, 'th scope="col"')}</thead>
<tbody>
${rows.map((cells) => row(this, cells, "td")).join("\n")}
</tbody>
</table>
</div>
`;
    },
    link(this: Renderer, { href, tokens }) {
      const label = this.parser.parseInline(tokens);
      const target = find(href);
      if (!target) return label;
      const text = target.title && FILE_NAME.test(label) ? escaped(target.title) : label;
      return `<a href="${escaped(target.address)}">${text}</a>`;
    },
    image({ href }) {
      throw new Error(`The guides have no images: ${href}`);
    },
    html({ text }) {
      if (!/^\s*<!--.*-->\s*$/s.test(text)) throw new Error(`HTML in Markdown: ${text}`);
      return "";
    },
  };
}

function row({ parser }: Renderer, cells: readonly Tokens.TableCell[], tag: string): string {
  const [name] = tag.split(" ");
  const inner = cells.map(({ text, tokens }) =>
    text === "" ? "<td></td>" : `<${tag}>${parser.parseInline(tokens)}</${name}>`
  );
  return `<tr>${inner.join("")}</tr>`;
}

/** Numbers equal labels, so that each region of a page has a name of its own. */
class Labels {
  readonly #used = new Map<string, number>();

  next(label: string): string {
    const count = (this.#used.get(label) ?? 0) + 1;
    this.#used.set(label, count);
    return count === 1 ? label : `${label} ${count}`;
  }
}

function escaped(text: string): string {
  return markup`${text}`.toString();
}

function firstSentence(html: string): string {
  const [, paragraph = ""] = /<p>(.*?)<\/p>/s.exec(html) ?? [];
  const text = plain(paragraph);
  return /^.*?[.:](?=\s|$)/s.exec(text)?.[0].replace(/:$/, ".") ?? text;
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&amp;": "&",
  "&lt;": "<",
  "&gt;": ">",
  "&quot;": '"',
  "&#39;": "'",
};

/** HTML without its tags, on one line. */
function plain(html: string): string {
  return html.replace(/<[^>]+>/g, "").replace(
    /&(?:amp|lt|gt|quot|#39);/g,
    (entity) => ENTITIES[entity] ?? entity,
  ).replace(/\s+/g, " ").trim();
}
