/** The bar at the top and the list of pages: a column on a desktop, a popover on a phone. */
export const FRAME = `
.site {
  position: sticky; top: 0; z-index: 2; display: flex; gap: .75rem 1rem; align-items: center;
  min-height: var(--bar); padding: .5rem 1.25rem; border-bottom: 1px solid var(--line);
  background: var(--background);
}
.site .name { margin: 0 auto 0 0; white-space: nowrap; }
.site .name a { color: var(--text); font-weight: 700; text-decoration: none; }
.site .menu { order: 1; padding: .35rem .8rem; border: 1px solid var(--line); border-radius: .5rem; background: var(--surface); }
.side { padding: 1rem .75rem 2rem; background: var(--background); color: var(--text); }
.side ul { margin: 0; padding: 0; list-style: none; }
.side .group { margin: 1.25rem .6rem .25rem; color: var(--muted); font-size: .8rem; font-weight: 600; }
.side a {
  display: flex; gap: .5rem; align-items: center; justify-content: space-between; padding: .3rem .6rem;
  border-radius: .4rem; color: var(--text); font-size: .9rem; line-height: 1.35; text-decoration: none;
}
.side a:hover { background: var(--surface); }
.side [aria-current] { background: var(--chosen); color: var(--link); font-weight: 600; }
.side :focus-visible { outline-offset: -2px; }
.method { font-size: .7rem; font-weight: 700; letter-spacing: .03em; }
.get { color: var(--get); } .post { color: var(--post); } .put { color: var(--put); } .delete { color: var(--delete); }
@media (max-width: 63.99rem) {
  .side:popover-open {
    inset: 0 0 0 auto; width: min(20rem, 90vw); height: 100%; max-height: none; margin: 0; border: 0;
    border-left: 1px solid var(--line); overflow-y: auto;
  }
  .side::backdrop { background: rgb(0 0 0 / .5); }
  .side a { padding: .5rem .6rem; }
}
@media (min-width: 64rem) {
  .site .menu { display: none; }
  .frame { display: grid; grid-template-columns: 17rem minmax(0, 1fr); }
  .side {
    position: sticky; top: var(--bar); display: block; width: auto; height: calc(100vh - var(--bar)); margin: 0;
    inset-inline: auto; overflow-y: auto; border: 0; border-right: 1px solid var(--line);
  }
}
`;
