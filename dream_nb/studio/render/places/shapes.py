"""SVG elements as text."""

from __future__ import annotations


def circle(x: float, y: float, r: float, fill: str, opacity: float = 1.0) -> str:
    """A disc: its centre and radius are in pixels, its fill is an SVG paint."""
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{r:.1f}" fill="{fill}"{_opacity(opacity)}/>'


def ellipse(x: float, y: float, rx: float, ry: float, fill: str, opacity: float = 1.0) -> str:
    """An ellipse: its centre and its two radii are in pixels."""
    return f'<ellipse cx="{x:.1f}" cy="{y:.1f}" rx="{rx:.1f}" ry="{ry:.1f}" fill="{fill}"{_opacity(opacity)}/>'


def rect(x: float, y: float, wide: float, high: float, fill: str, opacity: float = 1.0, round_: float = 0.0) -> str:
    """A rectangle: its upper left corner, width, height and `round_`, the radius of its corners, are in pixels."""
    corner = f' rx="{round_:.1f}"' if round_ else ""
    at = f'x="{x:.1f}" y="{y:.1f}" width="{max(0.1, wide):.1f}" height="{max(0.1, high):.1f}"'
    return f'<rect {at} fill="{fill}"{corner}{_opacity(opacity)}/>'


def line(path: str, stroke: str, width: float, opacity: float = 1.0, extra: str = "") -> str:
    """A line along the commands of an SVG path; its width is in pixels."""
    faint = f' stroke-opacity="{opacity:.3f}"' if opacity < 1.0 else ""
    return f'<path d="{path}" fill="none" stroke="{stroke}" stroke-width="{width:.2f}"{faint} {extra}/>'


def area(path: str, fill: str, opacity: float = 1.0) -> str:
    """A filled area, enclosed by the commands of an SVG path."""
    return f'<path d="{path}" fill="{fill}"{_opacity(opacity)}/>'


def _opacity(opacity: float) -> str:
    return f' opacity="{opacity:.3f}"' if opacity < 1.0 else ""
