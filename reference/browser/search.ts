/** The search: "/" focuses it, the arrow keys choose a result, Enter opens it, Escape closes it. */
export const SEARCH = String.raw`
  const MAX_RESULTS = 12; // as many as fit on a screen

  /** @type {HTMLElement} */
  const search = document.querySelector(".search");
  const field = search.querySelector("input");
  const list = document.getElementById("results");
  /** @type {Promise<{ title: string, note: string, path: string, words: string }[]>} */
  let index;
  let results = [];
  let active = 0;
  search.hidden = false;

  function loadIndex() {
    return index ??= fetch(field.dataset.index).then((response) => response.json());
  }

  /** Rank of an entry that has every word, else 0; a word in the title counts most. */
  function rank(entry, words) {
    const title = entry.title.toLowerCase();
    const rest = (entry.note + " " + entry.words).toLowerCase();
    let total = 0;
    for (const word of words) {
      if (title.startsWith(word)) total += 9;
      else if (title.includes(word)) total += 6;
      else if (rest.split(" ").includes(word)) total += 4;
      else if (rest.includes(word)) total += 1;
      else return 0;
    }
    return total;
  }

  /** The name of a member by which an entry was found, else its note. */
  function noteOf(entry, words) {
    const member = entry.words.split(" ").find((name) =>
      name.includes("_") && words.some((word) => name.toLowerCase().includes(word))
    );
    return member ? entry.note + " · " + member : entry.note;
  }

  async function showResults() {
    const query = field.value;
    const words = query.toLowerCase().split(/[\s/]+/).filter(Boolean);
    const entries = await loadIndex();
    if (field.value !== query) return;
    results = entries.map((entry) => ({ ...entry, rank: rank(entry, words) }))
      .filter(({ rank }) => rank > 0).sort((a, b) => b.rank - a.rank).slice(0, MAX_RESULTS)
      .map((entry) => ({ ...entry, note: noteOf(entry, words) }));
    list.replaceChildren(...results.map(option));
    if (results.length === 0 && words.length > 0) list.append(nothing());
    open(words.length > 0);
    activate(0);
  }

  function option({ title, note, path }, position) {
    const item = document.createElement("li");
    const aside = document.createElement("span");
    item.setAttribute("role", "option");
    item.id = "result-" + position;
    aside.textContent = note;
    item.append(title + " ", aside);
    item.addEventListener("mousedown", (event) => event.preventDefault()); // the field keeps the focus
    item.addEventListener("click", () => visit(path));
    return item;
  }

  function nothing() {
    const item = document.createElement("li");
    item.setAttribute("role", "option");
    item.setAttribute("aria-disabled", "true");
    item.textContent = "Nothing found";
    return item;
  }

  function activate(position) {
    active = results.length && (position + results.length) % results.length;
    for (const item of list.children) {
      item.setAttribute("aria-selected", String(item.id === "result-" + active));
    }
    const chosen = document.getElementById("result-" + active);
    chosen?.scrollIntoView({ block: "nearest" });
    if (chosen) field.setAttribute("aria-activedescendant", chosen.id);
    else field.removeAttribute("aria-activedescendant");
  }

  function open(isOpen) {
    list.hidden = !isOpen;
    field.setAttribute("aria-expanded", String(isOpen));
  }

  function visit(path) {
    open(false);
    field.value = "";
    location.assign(path);
  }

  const KEYS = {
    ArrowDown: () => activate(active + 1),
    ArrowUp: () => activate(active - 1),
    Enter: () => results[active] && visit(results[active].path),
    Escape: () => open(false),
  };

  field.addEventListener("focus", loadIndex);
  field.addEventListener("input", showResults);
  field.addEventListener("blur", () => open(false));
  field.addEventListener("keydown", (event) => {
    if (!Object.hasOwn(KEYS, event.key) || list.hidden) return;
    event.preventDefault();
    KEYS[event.key]();
  });
  document.addEventListener("keydown", (event) => {
    const writes = document.activeElement.matches("input:not([type=radio]), textarea, select");
    const control = event.ctrlKey || event.metaKey;
    if (event.altKey || !(control ? event.key === "k" : event.key === "/" && !writes)) return;
    event.preventDefault();
    field.focus();
  });
`;
