import { type Markup, markup, raw } from "./markup.ts";
import { type Entry, navigation } from "./navigation.ts";
import { PATHS } from "./paths.ts";

/** Options of {@linkcode page}. */
export interface PageOptions {
  title: string;
  /** Path of this page; marked in the navigation. */
  path: string;
  /** Content of the `description` meta element. */
  description: string;
  /** Path of a style sheet beside the common one. */
  style?: string;
  /** Entries of the navigation beside those of the reference. */
  guides?: readonly Entry[];
}

/** A speech bubble as a data URL, so that browsers do not request an icon. */
const ICON = raw(
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Cpath fill='%231757c2' d='M2 1h12a1 1 0 0 1 1 1v8a1 1 0 0 1-1 1H8l-4 4v-4H2a1 1 0 0 1-1-1V2a1 1 0 0 1 1-1z'/%3E%3C/svg%3E",
);

/** The HTML page around `content`, which must have an element with the id `content`. */
export function page(options: PageOptions, content: Markup): string {
  const { title, path, description, style, guides } = options;
  return markup`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>${title} – SMS gateway</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="description" content="${description}">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="${ICON}">
<link rel="stylesheet" href="${PATHS.style}">
${style ? styleSheet(style) : ""}<script src="${PATHS.script}" defer></script>
</head>
<body>
<a class="skip" href="#content">Skip to content</a>
<header class="site">
<p class="name"><a href="${PATHS.reference}">SMS gateway</a></p>
<button type="button" class="menu" popovertarget="navigation">Menu</button>
${SEARCH}</header>
<div class="frame">
${navigation(path, guides)}${content}
</div>
</body>
</html>
`.toString();
}

function styleSheet(path: string): Markup {
  return markup`<link rel="stylesheet" href="${path}">
`;
}

/** The search field and its list of results; scripts show it. */
const SEARCH = markup`<search class="search" hidden>
<input type="search" role="combobox" aria-label="Search operations, members, errors and guides" aria-controls="results" aria-expanded="false" aria-autocomplete="list" autocomplete="off" spellcheck="false" placeholder="Search" data-index="${PATHS.search}">
<kbd aria-hidden="true">/</kbd>
<ul id="results" role="listbox" aria-label="Results" hidden></ul>
</search>
`;
