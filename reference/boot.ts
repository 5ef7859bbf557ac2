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
    React.createElement("label", null, React.createElement(Select, properties));

  const target = document.getElementById("reference");
  SwaggerUIBundle({
    domNode: target,
    url: target.dataset.document,
    validatorUrl: null,
    deepLinking: false,
    docExpansion: "list",
    defaultModelsExpandDepth: -1,
    defaultModelRendering: "model",
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
