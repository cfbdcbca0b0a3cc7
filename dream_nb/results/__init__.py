"""Results as Python objects."""

# A dream gives others of its kind: both classes are there wherever one of them is imported.
from dream_nb.results import dreams as _dreams  # noqa: F401
