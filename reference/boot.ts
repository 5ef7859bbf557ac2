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

  // What cannot be had by other components: a region for each table of answers is noise, and
  // a choice of values needs the name of its parameter.
  const mend = () => {
    for (const table of target.querySelectorAll("table.responses-table[role]")) {
      table.removeAttribute("role");
    }
    for (const choice of target.querySelectorAll("[data-param-name] select:not([aria-label])")) {
      choice.setAttribute("aria-label", choice.closest("[data-param-name]").dataset.paramName);
    }
  };

  const target = document.getElementById("reference");
  new MutationObserver(mend).observe(target, { childList: true, subtree: true });
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
