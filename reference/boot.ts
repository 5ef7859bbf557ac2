/**
 * The script that starts Swagger UI in the browser. The page has its own title and description, and
 * there is only one server, so their components are replaced by nothing. Deep links are off: Swagger
 * UI puts them inside buttons, where the keyboard does not reach them.
 */
export const BOOT_SCRIPT = `"use strict";
(() => {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const applyColorScheme = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
  dark.addEventListener("change", applyColorScheme);
  applyColorScheme();

  const emptyComponent = () => () => null;
  const labelled = (Select, { React }) => (properties) =>
    React.createElement(
      "label",
      null,
      React.createElement("span", { className: "visually-hidden" }, "Example"),
      React.createElement(Select, properties),
    );

  // Accessibility fixes that no component offers: a table of responses must not be a region of its
  // own, and a select needs the name of its parameter as its label.
  const fixAccessibility = () => {
    for (const table of target.querySelectorAll("table.responses-table[role]")) {
      table.removeAttribute("role");
    }
    for (const select of target.querySelectorAll("[data-param-name] select:not([aria-label])")) {
      select.setAttribute("aria-label", select.closest("[data-param-name]").dataset.paramName);
    }
  };

  const target = document.getElementById("reference");
  new MutationObserver(fixAccessibility).observe(target, { childList: true, subtree: true });
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
        InfoContainer: emptyComponent,
        ServersContainer: emptyComponent,
        ExamplesSelect: labelled,
      },
    }],
  });
})();
`;
