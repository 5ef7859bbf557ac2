/** The page of an operation: documentation on the left, samples on the right. */
export const OPERATION = `
.operation { display: grid; grid-template-columns: minmax(0, 1fr); max-width: 92rem; }
.operation > .text { width: 100%; max-width: 52rem; padding-bottom: 0; }
.operation > aside { padding: .5rem 1.25rem 1rem; min-width: 0; }
@media (min-width: 80rem) {
  .operation { grid-template-columns: minmax(0, 4fr) minmax(0, 3fr); grid-template-rows: auto 1fr; column-gap: 1.5rem; }
  .operation > .text { padding-inline: 2.5rem 0; }
  .frame > .text { padding-inline: 2.5rem; }
  .operation > aside {
    grid-area: 1 / 2 / span 2; position: sticky; top: var(--bar); align-self: start;
    max-height: calc(100vh - var(--bar)); overflow-y: auto; padding-top: 1.5rem;
  }
}
.operation > .text > h2:first-child { margin-top: 1rem; }
.tag { margin: 1.25rem 0 -1rem; color: var(--link); font-size: .9rem; font-weight: 600; }
.endpoint { display: flex; gap: .75rem; align-items: baseline; padding: .5rem .8rem; border: 1px solid var(--line); border-radius: .5rem; background: var(--surface); }
.endpoint code { min-width: 0; }
.rows dt { padding-top: .75rem; border-top: 1px solid var(--line); color: var(--text); font-weight: 400; }
.rows dt code { font-weight: 600; }
.rows dd { margin: .1rem 0 .75rem; }
.type, .fact, .required { font-size: .85rem; }
.required { color: var(--delete); }
.fact + .fact::before { content: " · "; }
.constraints { margin: .1rem 0 0; }
.operation details.response, .operation details.variant { margin-block: .5rem; border: 1px solid var(--line); border-radius: .5rem; }
.response > summary, .variant > summary { padding: .5rem .9rem; border-radius: .5rem; font-weight: 600; }
.response > summary:hover, .variant > summary:hover { background: var(--surface); }
.response > :not(summary), .variant > :not(summary) { margin-inline: .9rem; }
.nested { margin: .5rem 0; padding-left: .9rem; border-left: 2px solid var(--line); }
.nested > summary { color: var(--link); font-size: .9rem; }
.response > .nested { padding-left: 0; border: 0; }
.status.success { color: var(--get); }
.status.error { color: var(--delete); }
.operations { margin: .25rem 0 0; padding: 0; list-style: none; }
.operations a {
  display: grid; grid-template-columns: 4rem minmax(0, 1fr) minmax(0, 1.4fr); gap: .75rem; align-items: baseline;
  padding: .45rem .25rem; border-top: 1px solid var(--line); color: var(--text); text-decoration: none;
}
.operations a:hover { background: var(--surface); }
.operations code { color: var(--muted); }
@media (max-width: 40rem) {
  .operations a { grid-template-columns: 4rem minmax(0, 1fr); }
  .operations code { display: none; }
}
.neighbours { display: flex; flex-wrap: wrap; gap: .5rem 1.5rem; justify-content: space-between; margin: 2.5rem 0 1rem; }
.neighbours [rel="next"] { margin-left: auto; }
.neighbours [rel="prev"]::before { content: "← " / ""; }
.neighbours [rel="next"]::after { content: " →" / ""; }
`;
