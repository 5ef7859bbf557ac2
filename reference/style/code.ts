import { LANGUAGES } from "../samples/mod.ts";

/** Hides the samples of all languages but the chosen one. */
const CHOSEN_SAMPLE = LANGUAGES.map(({ id }) =>
  `.samples:not(:has(#language-${id}:checked)) [data-language="${id}"] { display: none; }\n`
).join("");

/** Code and the choice of its language. */
export const CODE = `
.code { margin: 0 0 1rem; overflow: hidden; border-radius: .6rem; background: var(--code); color: var(--code-text); }
.code-bar {
  display: flex; gap: 1rem; align-items: center; justify-content: space-between; min-height: 2.4rem;
  padding: .3rem .5rem .3rem .9rem; background: var(--code-bar); color: var(--code-muted); font-size: .85rem;
}
.code button { padding: .15rem .6rem; border: 1px solid var(--code-line); border-radius: .35rem; background: none; color: var(--code-text); }
.code button:hover { background: var(--code-line); }
.code pre { margin: 0; padding: .9rem; font-size: .75rem; overflow-x: auto; line-height: 1.55; overflow-wrap: normal; }
.code :focus-visible { outline-color: #8ab4ff; outline-offset: -3px; }
.c { color: var(--code-muted); } .s { color: var(--string); } .n { color: var(--member); } .k { color: var(--keyword); }
.code b { color: var(--filled); }
.languages { display: flex; flex-wrap: wrap; gap: .15rem; margin: 0 0 .6rem; padding: 0; border: 0; }
.languages input { position: absolute; opacity: 0; }
.languages label { padding: .25rem .55rem; border-radius: .4rem; color: var(--muted); font-size: .85rem; cursor: pointer; }
.languages label:hover { background: var(--surface); }
.languages :checked + label { background: var(--chosen); color: var(--link); font-weight: 600; }
.languages :focus-visible + label { outline: 3px solid var(--link); outline-offset: 1px; }
${CHOSEN_SAMPLE}`;
