/** The search field and its results. */
export const SEARCH = `
.search { position: relative; flex: 0 1 24rem; min-width: 0; }
.search input {
  width: 100%; padding: .4rem 2rem .4rem .8rem; border: 1px solid var(--line); border-radius: .5rem;
  background: var(--surface); color: var(--text);
}
.search input::placeholder { color: var(--muted); opacity: 1; }
.search input::-webkit-search-cancel-button { display: none; }
.search kbd {
  position: absolute; right: .5rem; top: .45rem; padding: 0 .4rem; border: 1px solid var(--line);
  border-radius: .3rem; color: var(--muted); pointer-events: none;
}
.search:focus-within kbd { display: none; }
.search ul {
  position: absolute; right: 0; z-index: 3; width: 32rem; max-height: 70vh; margin: .4rem 0 0; padding: .35rem;
  overflow-y: auto; border: 1px solid var(--line); border-radius: .6rem; background: var(--background);
  box-shadow: 0 .75rem 2rem rgb(0 0 0 / .25); list-style: none;
}
.search li { padding: .4rem .65rem; border-radius: .4rem; cursor: pointer; }
.search li span { display: block; color: var(--muted); font-size: .85rem; }
.search [aria-selected="true"] { background: var(--chosen); }
.search [aria-disabled] { color: var(--muted); cursor: default; }
@media (max-width: 63.99rem) {
  .search kbd { display: none; }
  .search input { padding-right: .8rem; }
  .search ul { position: fixed; top: calc(var(--bar) - .25rem); right: 1.25rem; left: 1.25rem; width: auto; }
}
`;
