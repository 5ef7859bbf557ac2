import { type Markup, markup, raw } from "./markup.ts";
import { PATHS } from "./paths.ts";

/** Options of {@linkcode page}. */
export interface PageOptions {
  title: string;
  /** Path of this page; marked in the navigation. */
  path: string;
  /** Content of the `description` meta element. */
  description: string;
  /** Paths of style sheets that precede the common one. */
  styles?: readonly string[];
  /** Paths of scripts, in order. */
  scripts?: readonly string[];
}

/** A speech bubble as a data URL, so that browsers do not request an icon. */
const ICON = raw(
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Cpath fill='%231757c2' d='M2 1h12a1 1 0 0 1 1 1v8a1 1 0 0 1-1 1H8l-4 4v-4H2a1 1 0 0 1-1-1V2a1 1 0 0 1 1-1z'/%3E%3C/svg%3E",
);

const NAVIGATION = [
  { path: PATHS.reference, name: "API reference" },
  { path: PATHS.errors, name: "Statuses and errors" },
  { path: PATHS.openapi, name: "OpenAPI" },
] as const;

/** The HTML page around `content`, which must have an element with the id `content`. */
export function page(options: PageOptions, content: Markup): string {
  const { title, path, description, styles = [], scripts = [] } = options;
  return markup`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>${title} – SMS gateway</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="description" content="${description}">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="${ICON}">
${[...styles, PATHS.style].map(styleSheet)}</head>
<body>
<a class="skip" href="#content">Skip to content</a>
<header class="site">
<p class="name"><a href="${PATHS.reference}">SMS gateway</a></p>
<nav aria-label="Documentation"><ul>
${NAVIGATION.map((entry) => navigationItem(entry, path))}</ul></nav>
</header>
${content}
${scripts.map(script)}</body>
</html>
`.toString();
}

function styleSheet(href: string): Markup {
  return markup`<link rel="stylesheet" href="${href}">
`;
}

function script(src: string): Markup {
  return markup`<script src="${src}"></script>
`;
}

function navigationItem({ path, name }: { path: string; name: string }, current: string): Markup {
  const mark = path === current ? markup` aria-current="page"` : markup``;
  return markup`<li><a href="${path}"${mark}>${name}</a></li>
`;
}
