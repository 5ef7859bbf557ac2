/** Fills the reader's host and values into the samples, and keeps the chosen language. */
export const SAMPLES = String.raw`
  /** Values that need no quoting in any language. */
  const PLAIN = /^[\w+-]+$/;

  function fillSamples() {
    /** @type {NodeListOf<HTMLElement>} */
    const places = document.querySelectorAll("[data-value]");
    for (const place of places) {
      const { value: name, example = place.textContent } = place.dataset;
      const value = name === "host" ? location.origin : recall(name);
      place.dataset.example = example;
      place.textContent = name === "host" || PLAIN.test(value) ? value : example;
    }
  }
  fillSamples();

  /** @type {NodeListOf<HTMLInputElement>} */
  const languages = document.querySelectorAll("input[name=language]");
  for (const language of languages) {
    if (language.value === recall("language")) language.checked = true;
    language.addEventListener("change", () => remember("language", language.value));
  }

  const side = document.getElementById("navigation");
  /** @type {HTMLElement | null} */
  const current = side.querySelector("[aria-current]");
  if (current) side.scrollTop = current.offsetTop - side.clientHeight / 2;
`;
