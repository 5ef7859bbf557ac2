/** The form that sends a request. */
export const FORM = `
.try { margin: 0 0 1rem; border: 1px solid var(--line); border-radius: .6rem; }
.try > summary { padding: .6rem .9rem; font-weight: 600; color: var(--link); }
.try form { padding: 0 .9rem .9rem; }
.try p { margin: 0 0 .5rem; }
.try .scriptless { padding: 0 .9rem; }
.try label { display: block; margin: .6rem 0 .15rem; font-size: .9rem; }
.try :is(input, select, textarea) {
  width: 100%; padding: .4rem .6rem; border: 1px solid var(--muted); border-radius: .4rem;
  background: var(--background); color: var(--text);
}
.try textarea { resize: vertical; font: .8125rem/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
.try ::placeholder { color: var(--muted); opacity: 1; }
.try [type="submit"] {
  margin-top: .9rem; padding: .45rem 1.4rem; border: 0; border-radius: .4rem;
  background: var(--accent); color: var(--on-accent); font-weight: 600;
}
.try [type="submit"]:disabled { opacity: .6; }
.result { margin-top: .75rem; }
.result:empty { display: none; }
.result .status { font-weight: 600; }
.result pre { font-size: .75rem; max-height: 24rem; margin: .5rem 0 0; padding: .9rem; overflow: auto; border-radius: .5rem; background: var(--code); color: var(--code-text); }
`;
