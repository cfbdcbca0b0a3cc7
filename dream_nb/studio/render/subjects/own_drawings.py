"""Own drawings of things that OpenMoji lacks, in the same style and with the same view box of 72 x 72."""

from __future__ import annotations

from typing import Final

_LINE: Final = 'stroke="#000000" stroke-width="2" stroke-linejoin="round" stroke-linecap="round"'

OWN: Final[dict[str, str]] = {
    # A bottle with a stopper, a label and a bulb to press.
    "perfume": (
        f'<path d="M18,32 Q18,26 24,26 H48 Q54,26 54,32 V60 Q54,66 48,66 H24 Q18,66 18,60 Z" fill="#f4c6d8" {_LINE}/>'
        '<path d="M20,44 H52 V59 Q52,64 47,64 H25 Q20,64 20,59 Z" fill="#ea9ab9"/>'
        f'<rect x="27" y="40" width="18" height="13" rx="2" fill="#ffffff" {_LINE}/>'
        f'<path d="M31,46.5 H41" fill="none" {_LINE}/>'
        f'<rect x="30" y="20" width="12" height="6" fill="#d0cfce" {_LINE}/>'
        f'<rect x="27" y="8" width="18" height="12" rx="2.5" fill="#f1b31c" {_LINE}/>'
        f'<path d="M45,14 C54,10 58,16 57,20" fill="none" {_LINE}/>'
        f'<ellipse cx="59" cy="26" rx="6.5" ry="5.5" fill="#f1b31c" {_LINE}/>'
        f'<path d="M23,32 V40" fill="none" stroke="#ffffff" stroke-width="2.4" stroke-linecap="round"/>'
    ),
}
"""The contents of SVGs by their names, which are used like code points."""
