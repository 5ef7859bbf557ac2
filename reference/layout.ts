import { Html, html } from "./html.ts";
import { PATHS } from "./paths.ts";

/** Options of {@linkcode page}. */
export interface PageOptions {
  title: string;
  /** Path of this page, to mark it in the navigation. */
  path: string;
  description: string;
  /** Paths of style sheets besides the common one; they go before it. */
  styles?: readonly string[];
  /** Paths of scripts, in order. */
  scripts?: readonly string[];
}

/** A speech bubble, inline: no request for an icon is ever made. */
const ICON =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Cpath fill='%231757c2' d='M2 1h12a1 1 0 0 1 1 1v8a1 1 0 0 1-1 1H8l-4 4v-4H2a1 1 0 0 1-1-1V2a1 1 0 0 1 1-1z'/%3E%3C/svg%3E";

const NAVIGATION = [
  { path: PATHS.reference, name: "API reference" },
  { path: PATHS.errors, name: "Statuses and errors" },
  { path: PATHS.openapi, name: "OpenAPI" },
];

/** A whole page around its content. */
export function page(
  { title, path, description, styles = [], scripts = [] }: PageOptions,
  content: Html,
): string {
  return html`
    <!DOCTYPE html>
    <html lang="en">
      <head>
    <meta charset="utf-8">
    <title>${title}</title>
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="description" content="${description}">
    <meta name="color-scheme" content="light dark">
    <link rel="icon" href="${new Html(ICON)}">
    ${[...styles, PATHS.style].map((href) => html`<link rel="stylesheet" href="${href}">\n`)}</head>
      <body>
    <a class="skip" href="#content">Skip to content</a>
    <header class="site">
    <p class="name"><a href="${PATHS.reference}">SMS gateway</a></p>
    <nav aria-label="Documentation"><ul>
    ${NAVIGATION.map((entry) =>
      entry.path === path
        ? html`<li><a href="${entry.path}" aria-current="page">${entry.name}</a></li>\n`
        : html`<li><a href="${entry.path}">${entry.name}</a></li>\n`
    )}</ul></nav>
    </header>
    ${content}
    ${scripts.map((src) => html`<script src="${src}"></script>\n`)}</body>
    </html>
  `.text;
}
