/** Copies the code beside a copy button. */
export const COPY = String.raw`
  /** How long a button says that it has copied, in ms: long enough to be read. */
  const COPIED_MS = 1_500;

  /** @param {HTMLElement} code */
  async function copyText(code) {
    if (navigator.clipboard) return await navigator.clipboard.writeText(code.textContent);
    getSelection().selectAllChildren(code); // without TLS there is no clipboard API
    document.execCommand("copy");
  }

  /** @param {HTMLButtonElement} button */
  function prepareCopy(button) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      await copyText(button.closest(".code").querySelector("code"));
      button.textContent = "Copied";
      setTimeout(() => button.textContent = "Copy", COPIED_MS);
    });
  }
  document.querySelectorAll(".copy").forEach(prepareCopy);
`;
