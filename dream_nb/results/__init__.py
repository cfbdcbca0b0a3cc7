"""Results as Python objects."""

# Dreams create each other: both classes are loaded whenever one of them is imported.
from dream_nb.results import dreams as _dreams  # noqa: F401
