/** The style sheet of the pages of traces, beside that of the reference. */
export const TRACES_STYLE = `
.frame > .traces { max-width: 84rem; }
.traces > p { max-width: 48rem; }
.traces .button {
  display: inline-block; padding: .35rem .9rem; border: 1px solid var(--line); border-radius: .5rem;
  background: var(--surface); text-decoration: none;
}
.traces .none { margin-top: 2rem; }
.traces .trace { padding: .75rem 0 0; }
.frame > .text .trace h2 { margin: 0 1rem; padding: 0; border: 0; font-size: 1rem; }
.trace h2 a { text-decoration: none; }
.trace h2 a:hover { text-decoration: underline; }
.traces .trace .outcome { display: flex; flex-wrap: wrap; gap: 0 1rem; align-items: baseline; margin: .1rem 1rem .6rem; color: var(--muted); font-size: .9rem; }
.trace .status { font-weight: 600; }
.trace > .muted { margin-inline: 1rem; }
.axis, .span summary { display: grid; grid-template-columns: minmax(0, 2fr) minmax(0, 3fr) 5rem; gap: 0 1rem; padding: .2rem 1rem; }
.trace .axis { padding-block: 0; color: var(--muted); font-size: .75rem; }
.axis > :first-child { grid-column: 2; display: grid; grid-template-columns: 1fr 1fr 1fr; }
.axis span { text-align: center; }
.axis span:first-child { text-align: left; }
.axis span:last-child { text-align: right; }
.span { border-top: 1px solid var(--line); }
.span summary { align-items: center; list-style: none; font-size: .85rem; }
.span summary::-webkit-details-marker { display: none; }
.span summary:hover { background: var(--surface); }
.span summary:focus-visible { outline-offset: -3px; }
.label { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.label::before { content: "▸" / ""; display: inline-block; width: 1.1em; color: var(--muted); }
[open] > summary > .label::before { content: "▾" / ""; }
.depth-1 .label { padding-left: 1.1rem; }
.depth-2 .label { padding-left: 2.2rem; }
.depth-3 .label { padding-left: 3.3rem; }
.depth-4 .label { padding-left: 4.4rem; }
.kind { font-size: .7rem; font-weight: 700; letter-spacing: .03em; }
.server .kind { color: var(--post); }
.client .kind { color: var(--put); }
.bar {
  display: block; width: 100%; height: 1.5rem;
  background: repeating-linear-gradient(to right, var(--line) 0 1px, transparent 1px 25%); border-right: 1px solid var(--line);
}
.server .bar { fill: var(--post); }
.client .bar { fill: var(--put); }
.failed .bar { fill: var(--delete); }
.span .time { text-align: right; font-variant-numeric: tabular-nums; }
.details { padding: .5rem 1rem 1rem 2.1rem; background: var(--surface); font-size: .85rem; }
.span:last-child:not([open]) summary, .span:last-child .details { border-radius: 0 0 .5rem .5rem; }
.attributes > div { display: grid; grid-template-columns: 17rem minmax(0, 1fr); gap: 0 1rem; }
.attributes dt { font-weight: 400; }
.attributes dd { white-space: pre-wrap; overflow-wrap: anywhere; font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; font-size: .95em; }
.traces .trace .part { margin: .75rem 0 .1rem; font-weight: 600; overflow-wrap: anywhere; }
@media (max-width: 63.99rem) {
  .axis { display: block; }
  .span summary { grid-template-columns: minmax(0, 1fr) auto; padding-block: .35rem; }
  .span .bar { grid-row: 2; grid-column: 1 / -1; height: 1rem; }
  .details { padding-left: 1rem; }
}
@media (max-width: 48rem) {
  .frame > .text .trace h2 { font-size: .875rem; }
  .attributes > div { grid-template-columns: 1fr; margin-bottom: .35rem; }
}
`;
