/** Running text, and the page of errors. */
export const TEXT = `
.text { display: block; max-width: 48rem; padding: .5rem 1.25rem 3rem; }
.frame > .text { width: 100%; max-width: 53rem; }
h1 { margin: 1.25rem 0 .5rem; font-size: 1.9rem; line-height: 1.2; letter-spacing: -.01em; }
h2 { margin: 2.5rem 0 .5rem; font-size: 1.2rem; line-height: 1.3; }
h3 { margin: 1.5rem 0 .25rem; font-size: 1.05rem; }
.frame > .text h2 { margin-top: 3rem; padding-top: 1rem; border-top: 1px solid var(--line); font-size: 1.35rem; }
.text article { margin: 1rem 0; padding: .25rem 1rem 1rem; border: 1px solid var(--line); border-radius: .5rem; }
.text article:has(:target) { background: var(--highlight); }
.text article h3 { margin: .75rem 0 .25rem; }
.text h3 a { color: inherit; text-decoration: none; }
.text h3 a:hover { text-decoration: underline; }
.text article p { margin: .25rem 0 .75rem; }
.text > pre { overflow-x: auto; padding: .75rem 1rem; border-radius: .5rem; background: var(--surface); }
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
`;
