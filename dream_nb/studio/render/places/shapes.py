"""Elements of SVG as text."""

from __future__ import annotations


def circle(x: float, y: float, r: float, fill: str, opacity: float = 1.0) -> str:
    """A disc: its middle and radius in pixels, its fill a paint of SVG."""
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{r:.1f}" fill="{fill}"{_opacity(opacity)}/>'


def ellipse(x: float, y: float, rx: float, ry: float, fill: str, opacity: float = 1.0) -> str:
    """An ellipse: its middle and its two radii in pixels."""
    return f'<ellipse cx="{x:.1f}" cy="{y:.1f}" rx="{rx:.1f}" ry="{ry:.1f}" fill="{fill}"{_opacity(opacity)}/>'


def rect(x: float, y: float, wide: float, high: float, fill: str, opacity: float = 1.0, round_: float = 0.0) -> str:
    """A rectangle: its left upper corner, width and height in pixels; `round_` is the radius of its corners."""
    corner = f' rx="{round_:.1f}"' if round_ else ""
    at = f'x="{x:.1f}" y="{y:.1f}" width="{max(0.1, wide):.1f}" height="{max(0.1, high):.1f}"'
    return f'<rect {at} fill="{fill}"{corner}{_opacity(opacity)}/>'


def line(path: str, stroke: str, width: float, opacity: float = 1.0, extra: str = "") -> str:
    """A line along the commands of an SVG path; its width is in pixels."""
    faint = f' stroke-opacity="{opacity:.3f}"' if opacity < 1.0 else ""
    return f'<path d="{path}" fill="none" stroke="{stroke}" stroke-width="{width:.2f}"{faint} {extra}/>'


def area(path: str, fill: str, opacity: float = 1.0) -> str:
    """What the commands of an SVG path enclose."""
    return f'<path d="{path}" fill="{fill}"{_opacity(opacity)}/>'


def _opacity(opacity: float) -> str:
    return f' opacity="{opacity:.3f}"' if opacity < 1.0 else ""
