/** Style sheet of the pages, with corrections of Swagger UI for contrast and small screens. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --background: #ffffff; --text: #1b1f24; --muted: #57606a; --line: #d5dae0; --surface: #f4f6f8;
  --link: #1757c2; --highlight: #fff4c2;
}
@media (prefers-color-scheme: dark) {
  :root {
    --background: #14171a; --text: #e6e8ea; --muted: #a6aeb7; --line: #363c43; --surface: #1e2328;
    --link: #8ab8ff; --highlight: #3d3514;
  }
}
* { box-sizing: border-box; }
html { scroll-padding-top: 2.5rem; }
body {
  margin: 0; background: var(--background); color: var(--text);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
  overflow-wrap: break-word;
}
a { color: var(--link); }
a:focus-visible, [tabindex]:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
code, pre { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; font-size: .9em; }
.skip { position: absolute; left: -999em; }
.skip:focus { left: 1rem; top: .5rem; z-index: 1; padding: .5rem 1rem; background: var(--background); }
.site {
  display: flex; flex-wrap: wrap; gap: .25rem 2rem; align-items: baseline;
  padding: .75rem 1.25rem; border-bottom: 1px solid var(--line); background: var(--surface);
}
.site p { margin: 0; }
.site .name a { color: var(--text); font-weight: 700; text-decoration: none; }
.site ul { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; margin: 0; padding: 0; list-style: none; }
.site [aria-current] { color: var(--text); font-weight: 600; text-decoration: none; }
.text { display: block; max-width: 48rem; margin: 0 auto; padding: .5rem 1.25rem 3rem; }
.text h1 { margin: 1.5rem 0 .5rem; font-size: 1.9rem; line-height: 1.2; }
.text h2 { margin: 3rem 0 .5rem; padding-top: 1rem; border-top: 1px solid var(--line); font-size: 1.35rem; }
.text article { margin: 1rem 0; padding: .25rem 1rem 1rem; border: 1px solid var(--line); border-radius: .5rem; }
.text article:has(:target) { background: var(--highlight); }
.text h3 { margin: .75rem 0 .25rem; font-size: 1.05rem; }
.text h3 a { color: inherit; text-decoration: none; }
.text h3 a:hover { text-decoration: underline; }
.text article p { margin: .25rem 0 .75rem; }
.text pre { overflow-x: auto; padding: .75rem 1rem; border-radius: .5rem; background: var(--surface); }
.text table { width: 100%; border-collapse: collapse; }
.text th, .text td { padding: .3rem .75rem .3rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
.text th { color: var(--muted); font-weight: 600; }
.scroll { overflow-x: auto; }
dl { margin: 0; }
dt { color: var(--muted); font-weight: 600; }
dd { margin: 0; }
.members dt { margin-top: .6rem; color: var(--text); }
.members dd { margin: 0 0 .25rem; }
.facts { display: grid; grid-template-columns: 8.5rem 1fr; gap: .35rem 1rem; }
@media (max-width: 36rem) {
  .facts { grid-template-columns: 1fr; gap: 0; }
  .facts dd { margin-bottom: .5rem; }
}
.visually-hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
:has(> .operations) > .text { max-width: 72rem; padding-bottom: 0; }
:has(> .operations) > .text :is(p, ul) { max-width: 46rem; }
.operations { max-width: 72rem; margin: 0 auto; padding-bottom: 3rem; }

/* Swagger UI: the background of the page, a contrast of at least 4.5, no overflow on a phone. */
html .operations .swagger-ui { background: none; }
.operations .swagger-ui .microlight { max-height: none; white-space: pre-wrap; }
.operations .swagger-ui .wrapper { max-width: none; padding: 0 1.25rem; }
html .operations .swagger-ui .scheme-container { padding: 0; border: 0; background: none; box-shadow: none; }
.operations .swagger-ui .btn.authorize { border-color: var(--link); color: var(--link); }
.operations .swagger-ui .btn.authorize svg { fill: var(--link); }
.operations .swagger-ui .opblock .opblock-summary-method { color: #10151a; text-shadow: none; }
.operations .swagger-ui .opblock-delete .opblock-summary-method { background: #ff8f8f; }
html .operations .swagger-ui .markdown code, html .operations .swagger-ui .renderedMarkdown code { background: none; color: inherit; }
.dark-mode .operations .swagger-ui .opblock .opblock-section-header { background: #14171a !important; }
.operations .swagger-ui .parameter__in { color: var(--muted); }
.operations .swagger-ui [class*="json-schema-2020-12-expand-deep"] { color: inherit; opacity: .85; }
.operations .swagger-ui [class*="json-schema-2020-12__constraint"] { background: #5b4300; color: #ffffff; }
.operations .swagger-ui .headers .header-col, .operations .swagger-ui .header-col { color: var(--text); }
.operations .swagger-ui .response-col_links { display: none; }
@media (max-width: 48rem) {
  .operations .swagger-ui .wrapper { padding: 0 .5rem; }
  .operations .swagger-ui .opblock-body { overflow-x: auto; }
  .operations .swagger-ui .responses-table { table-layout: fixed; }
  .operations .swagger-ui .responses-table > thead > tr > td:first-child { width: 3.5rem; }
  .operations .swagger-ui .opblock-summary-path { max-width: none; word-break: break-word; }
  .operations .swagger-ui .opblock-summary-control { flex-wrap: wrap; min-width: 0; }
  .operations .swagger-ui .opblock-summary-description { flex: 1 0 100%; padding: .25rem 0 0; }
  .operations .swagger-ui input[type="text"], .operations .swagger-ui select { max-width: 100%; min-width: 0; }
}
`;
