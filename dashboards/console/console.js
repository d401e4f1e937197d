// Tells the page when its theme or its address changes, whoever changed it, and speaks its language when the server is away.
document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll("#popup span").forEach((span, at) => (span.textContent = CONNECTION_WORDS[at]));
  let dark;
  const tell = () => {
    const current = document.body.classList.contains("body--dark");
    if (dark !== undefined && current !== dark) emitEvent("halong-theme", current);
    dark = current;
  };
  new MutationObserver(tell).observe(document.body, { attributes: true, attributeFilter: ["class"] });
  tell();
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !document.querySelector("dialog[open]")) emitEvent("halong-escape", null); // of a question it means no
  });
  window.addEventListener("popstate", () => emitEvent("halong-address", location.search));
});

// Of an element what changes.py has found; the page has the rest.
function takeChanges(id, { whole, rows }) {
  const props = mounted_app.elements[id]?.props;
  if (!props) return; // it has gone meanwhile
  Object.assign(props, whole);
  for (const [name, changed] of Object.entries(rows)) props[name] = Object.assign([...props[name]], changed);
}
