/** Colors and fonts; every pair of text and background has a contrast of at least 4.5. */
export const BASE = `
:root {
  color-scheme: light dark;
  --background: #ffffff; --text: #1a1f36; --muted: #56607a; --line: #e1e5ec; --surface: #f6f8fb;
  --link: #1757c2; --accent: #1757c2; --on-accent: #ffffff; --chosen: #e8effc; --highlight: #fff4c2;
  --get: #0b6b4b; --post: #1757c2; --put: #8a4b00; --delete: #b3261e;
  --code: #10162b; --code-bar: #1a2140; --code-line: #2c3560; --code-text: #e4e9f7;
  --code-muted: #a6b0d0; --string: #a5e3a1; --member: #9ecbff; --keyword: #ffb4c8; --filled: #ffd48a;
  --bar: 3.5rem;
}
@media (prefers-color-scheme: dark) {
  :root {
    --background: #10131a; --text: #e6e9f2; --muted: #a3adc2; --line: #2a3040; --surface: #181c26;
    --link: #8ab4ff; --accent: #8ab4ff; --on-accent: #0b1020; --chosen: #1c2a47; --highlight: #3d3514;
    --get: #5fd3a4; --post: #8ab4ff; --put: #f2b45c; --delete: #ff8f86;
    --code: #181d2b; --code-bar: #202739; --code-line: #323a52;
  }
}
* { box-sizing: border-box; }
[hidden] { display: none !important; }
html { scroll-padding-top: calc(var(--bar) + 1rem); }
body {
  margin: 0; background: var(--background); color: var(--text);
  font: 1rem/1.6 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; overflow-wrap: break-word;
}
a { color: var(--link); }
code, pre, kbd, textarea { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; font-size: .875em; }
button, input, select, textarea { font: inherit; color: inherit; }
button { cursor: pointer; }
summary { cursor: pointer; }
pre code { font-size: 1em; }
i, b { font: inherit; }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
.muted, .type, .fact { color: var(--muted); }
.visually-hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.skip { position: absolute; left: -999em; }
.skip:focus { left: 1rem; top: .5rem; z-index: 3; padding: .5rem 1rem; background: var(--background); }
`;
