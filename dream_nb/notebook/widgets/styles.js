// The styles of widgets: those of a document end at a shadow root.

// The sheets of each document and shadow root, by their keys. Scripts of several versions share them.
const styled = (globalThis[Symbol.for("dream_nb.styles")] ??= new WeakMap());

/** Give a document or a shadow root those of these styles, by their keys, that it does not have. */
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

/** Style an element wherever it stands; `sheets` are the texts by their keys. Gives back what ends that. */
export function styleWherever(el, sheets) {
  const look = () => {
    const root = el.getRootNode();
    style(root instanceof ShadowRoot ? root : document, sheets);
  };
  look();
  // Pages render widgets before they put them in their places.
  const observer = new ResizeObserver(() => el.isConnected && look());
  observer.observe(el);
  return () => observer.disconnect();
}
