/** Sends the request of the form to this gateway, and shows its response. */
export const TRY_IT = String.raw`
  /** @param {HTMLFormElement} form */
  function prepareForm(form) {
    form.hidden = false;
    form.closest("details").querySelector(".scriptless").remove();
    for (const control of controls(form, "path", "token")) {
      const name = control.name || "token";
      control.value = recall(name) || control.value;
      control.addEventListener("input", () => {
        remember(name, control.value);
        fillSamples();
      });
    }
    form.closest("details").open = recall("token") !== "";
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void send(form);
    });
  }

  function controls(form, ...places) {
    return [...form.elements].filter(({ dataset }) => places.includes(dataset.in));
  }

  async function send(form) {
    const result = form.querySelector(".result");
    const button = form.querySelector("[type=submit]");
    button.disabled = true;
    const started = performance.now();
    try {
      const response = await fetch(urlOf(form), requestOf(form));
      const text = await response.text();
      const ms = Math.round(performance.now() - started);
      keepIdentifiers(form, response, text);
      result.replaceChildren(...responseView(response, text, ms));
    } catch (error) {
      result.textContent = "No response: " + error.message;
    } finally {
      button.disabled = false;
    }
  }

  function urlOf(form) {
    const values = new Map(controls(form, "path").map(({ name, value }) => [name, value]));
    const path = form.dataset.path.replace(
      /\{(\w+)\}/g,
      (_, name) => encodeURIComponent(values.get(name)),
    );
    const query = controls(form, "query").filter(({ value }) => value !== "")
      .map(({ name, value }) => name + "=" + encodeURIComponent(value));
    return path + (query.length > 0 ? "?" + query.join("&") : "");
  }

  /** @returns {RequestInit} */
  function requestOf(form) {
    const [token] = controls(form, "token");
    const [body] = controls(form, "body");
    const headers = new Headers({ authorization: "Bearer " + token.value.trim() });
    for (const { name, value } of controls(form, "header")) {
      if (value !== "") headers.set(name, value);
    }
    if (body) headers.set("content-type", "application/json");
    return {
      method: form.dataset.method,
      headers,
      credentials: "omit",
      redirect: "manual",
      ...(body && { body: body.value }),
    };
  }

  /** Remembers the identifiers in a success, for the forms and samples of other operations. */
  function keepIdentifiers(form, response, text) {
    if (!response.ok || text === "") return;
    const body = JSON.parse(text);
    for (const [name, pointer] of Object.entries(JSON.parse(form.dataset.ids))) {
      const value = pointer.split("/").slice(1).reduce((node, key) => node?.[key], body);
      if (typeof value === "string") remember(name, value);
    }
  }

  /** Headers that explain a response; not all are on every one. */
  const SHOWN_HEADERS = ["content-type", "x-request-id", "x-error-origin", "retry-after", "allow"];

  function responseView(response, text, ms) {
    const status = document.createElement("p");
    status.className = "status " + (response.ok ? "success" : "error");
    status.textContent = [response.status, response.statusText, "in", ms, "ms"].join(" ");
    const pre = document.createElement("pre");
    const headers = SHOWN_HEADERS.filter((name) => response.headers.has(name))
      .map((name) => name + ": " + response.headers.get(name));
    pre.tabIndex = 0;
    pre.setAttribute("role", "region");
    pre.setAttribute("aria-label", "Response");
    pre.textContent = [...headers, "", pretty(text)].join("\n").trimEnd();
    return [status, ...explanation(response), pre];
  }

  function explanation(response) {
    const target = /<([^>]+)>; rel="help"/.exec(response.headers.get("link") ?? "")?.[1];
    if (!target) return [];
    const link = document.createElement("a");
    link.href = target;
    link.textContent = "What it means, and what to do";
    return [link];
  }

  function pretty(text) {
    try {
      return JSON.stringify(JSON.parse(text), null, 2);
    } catch {
      return text;
    }
  }

  document.querySelectorAll(".try form").forEach(prepareForm);
`;
