/**
 * What the reader typed in: the token, the service plan and identifiers. It is kept in the session
 * storage of this tab. A fragment such as `#service_plan_id=…&token=…` sets it, and is then removed
 * from the address; the browser sends a fragment to no server.
 */
export const VALUES = String.raw`
  /** @param {string} name */
  function recall(name) {
    try {
      return sessionStorage.getItem("docs:" + name) ?? "";
    } catch {
      return ""; // the reader has switched storage off
    }
  }

  /** @param {string} name @param {string} value */
  function remember(name, value) {
    try {
      sessionStorage.setItem("docs:" + name, value);
    } catch {
      // the value then lasts as long as the page
    }
  }

  const fragment = new URLSearchParams(location.hash.slice(1));
  if (fragment.has("token")) {
    for (const [name, value] of fragment) remember(name, value);
    history.replaceState(null, "", location.pathname);
  }
`;
