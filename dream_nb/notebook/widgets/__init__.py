"""The widgets."""

# A card opens panels: both classes are loaded whenever one of them is imported.
from dream_nb.notebook.widgets import panel as _panel  # noqa: F401
