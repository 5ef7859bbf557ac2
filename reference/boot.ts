/**
 * Starts Swagger UI, in the browser. The page has a title and a description of its own, and
 * there is one server only; lists of examples get the label that they lack; a link inside the
 * button that opens an operation could be reached by pointer only, hence no deep links.
 */
export const BOOT_SCRIPT = `"use strict";
(() => {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const paint = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
  dark.addEventListener("change", paint);
  paint();

  const nothing = () => () => null;
  const labelled = (Select, { React }) => (properties) =>
    React.createElement(
      "label",
      null,
      React.createElement("span", { className: "unseen" }, "Example"),
      React.createElement(Select, properties),
    );

  // Regions are for parts of a page; one for each table of answers would be noise.
  const quieten = () => {
    for (const table of document.querySelectorAll("table.responses-table[role]")) {
      table.removeAttribute("role");
    }
  };

  const target = document.getElementById("reference");
  new MutationObserver(quieten).observe(target, { childList: true, subtree: true });
  SwaggerUIBundle({
    domNode: target,
    url: target.dataset.document,
    validatorUrl: null,
    deepLinking: false,
    docExpansion: "list",
    defaultModelsExpandDepth: -1,
    displayRequestDuration: true,
    plugins: [{
      wrapComponents: {
        InfoContainer: nothing,
        ServersContainer: nothing,
        ExamplesSelect: labelled,
      },
    }],
  });
})();
`;
