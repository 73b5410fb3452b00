"""Time of a question against the number of codes: slopes, and the drawing of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.trial import Row

INKS = ("#1b6e53", "#c9733a", "#e3a857", "#5b6ba8", "#8f4a78", "#7a7a7a")
RADIUS, KIND = 31, "miss"
"""What is drawn: most questions of a platform have no answer."""


def slopes(found: list[Row], kept: str) -> dict[str, tuple[list[int], list[float], float | None]]:
    """Return by system its sizes, medians in microseconds, and the slope of their logarithms.

    The slope is of least squares over all sizes measured: 1 doubles the time with the size, 0
    does not depend on it. None of a single size.
    """
    lines: dict[str, tuple[list[int], list[float], float | None]] = {}
    for system in dict.fromkeys(row.system for row in found):
        points = sorted(
            (row.size, row.p50_us)
            for row in found
            if (row.system, row.set, row.radius, row.kind) == (system, kept, RADIUS, KIND)
            and row.p50_us is not None
        )
        if points:
            sizes, medians = [size for size, _ in points], [median for _, median in points]
            slope = None
            if len(sizes) > 1:
                slope = float(np.polyfit(np.log10(sizes), np.log10(medians), 1)[0])
            lines[system] = (sizes, medians, slope)
    return lines


def draw(found: list[Row], file: Path) -> None:
    """Draw a panel a set, with the slope of each system in its legend."""
    from matplotlib import rcParams  # noqa: PLC0415 (slow to load, and only for the drawing)
    from matplotlib.figure import Figure  # noqa: PLC0415 (the same)

    rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "takeback", "font.size": 8})
    kept = list(dict.fromkeys(row.set for row in found))
    systems = list(dict.fromkeys(row.system for row in found))
    figure = Figure(figsize=(9.5, 3.6), layout="constrained")
    panels = figure.subplots(1, len(kept), sharey=True, squeeze=False)[0]
    for axis, name in zip(panels, kept, strict=True):
        for system, (sizes, medians, slope) in slopes(found, name).items():
            label = system if slope is None else f"{system}, slope {slope:.2f}"
            ink = INKS[systems.index(system) % len(INKS)]
            axis.plot(sizes, medians, "o-", color=ink, label=label, markersize=3.5, linewidth=1.4)
        axis.set(xscale="log", yscale="log", xlabel="codes stored", title=f"{name} codes")
        axis.spines[["top", "right"]].set_visible(False)
        axis.grid(visible=True, which="major", linewidth=0.3)
        axis.legend(frameon=False, loc="upper left", fontsize=7)
    panels[0].set_ylim(top=30 * panels[0].get_ylim()[1])  # room for the legends
    panels[0].set_ylabel(f"µs a question, median (radius {RADIUS}, no answer)")
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, metadata={"Date": None})
