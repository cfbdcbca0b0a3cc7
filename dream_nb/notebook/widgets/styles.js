// The styles of widgets, which each shadow root needs as well, because those of the document do not apply inside it.

// The sheets of each document and shadow root, by their keys. Shared by scripts of different versions.
const styled = (globalThis[Symbol.for("dream_nb.styles")] ??= new WeakMap());

/** Add the styles that a document or a shadow root does not have yet. */
function style(root, sheets) {
  if (!styled.has(root)) styled.set(root, new Map());
  const there = styled.get(root);
  for (const [key, text] of sheets) {
    if (there.get(key)?.isConnected) continue;
    const sheet = document.createElement("style");
    sheet.textContent = text;
    (root.head ?? root).append(sheet);
    there.set(key, sheet);
  }
}

/** Style an element wherever it is inserted. `sheets` are the texts by their keys. Returns a function to stop this. */
export function styleWherever(el, sheets) {
  const look = () => {
    const root = el.getRootNode();
    style(root instanceof ShadowRoot ? root : document, sheets);
  };
  look();
  // Pages render widgets before they insert them into the document.
  const observer = new ResizeObserver(() => el.isConnected && look());
  observer.observe(el);
  return () => observer.disconnect();
}
