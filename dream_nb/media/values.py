"""The values that a measure may return: a number, a text, or a flat list of them, for tables and JSON."""

from __future__ import annotations

from typing import Any

Value = bool | int | float | str | list[float] | list[str] | None


def fits(number: int) -> bool:
    """Return whether a table can store a whole number, which needs 64 bits.

    Args:
        number: the number.
    """
    return -(2**63) <= number < 2**63


def plain(name: str, value: Any) -> Value:
    """Return a measure's value in a form for tables and JSON.

    Args:
        name: the name of the measure.
        value: the value that it returned: a number, a text, a flat list or array of them, or None.

    Raises:
        ValueError: the value is something else, or a whole number of more than 64 bits.
    """
    import numpy as np

    if isinstance(value, np.ndarray):
        if value.ndim > 1 or value.dtype.kind not in "biufU":
            raise ValueError(
                f"measure {name!r} gave an array of shape {value.shape} and type {value.dtype}: return a number, text, "
                "or a flat list of them"
            )
        value = value.tolist()
    elif isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, tuple):
        value = list(value)
    items = value if isinstance(value, list) else [value]
    items = [item.item() if isinstance(item, np.generic) else item for item in items]
    if not all(item is None or isinstance(item, bool | int | float | str) for item in items) or (
        isinstance(value, list) and len({isinstance(item, str) for item in items if item is not None}) > 1
    ):
        raise ValueError(
            f"measure {name!r} gave {type(value).__name__} {str(value)[:60]!r}: return a number, text, or a flat list "
            "of numbers or text"
        )
    if not all(fits(item) for item in items if isinstance(item, int)):
        raise ValueError(f"measure {name!r} gave a whole number that does not fit into 64 bits: return a float")
    result: Value = items if isinstance(value, list) else items[0]
    return result
