"""Recall of each edit by each method, drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

INKS, DARK = "cividis", 0.5
"""A scale that looks the same to the colour-blind; below `DARK` letters are white."""

Recall = Mapping[tuple[str, str], float]
"""(method, edit) → 0 to 1."""


def draw(
    recall: Recall, methods: Sequence[str], groups: Mapping[str, Sequence[str]], file: Path
) -> None:
    """Draw a column a method and a row an edit, in groups, in two blocks if they are many.

    Every cell also tells its figure, for who does not see the colours.
    """
    from matplotlib import rcParams  # noqa: PLC0415 (slow to load, and only for the drawing)
    from matplotlib.figure import Figure  # noqa: PLC0415 (the same)

    rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "takeback", "font.size": 7})
    edits = [edit for group in groups.values() for edit in group]
    blocks = 2 if len(edits) > 30 else 1
    per = -(-len(edits) // blocks)
    figure = Figure(figsize=(4.9 * blocks, 0.9 + 0.158 * per), layout="constrained")
    for axis, start in zip(
        figure.subplots(1, blocks, squeeze=False)[0], range(0, len(edits), per), strict=True
    ):
        part = edits[start : start + per]
        table = np.array([[recall.get((m, e), np.nan) for m in methods] for e in part])
        axis.imshow(table, cmap=INKS, vmin=0, vmax=1, aspect="auto")
        for (row, column), value in np.ndenumerate(table):
            if not np.isnan(value):
                text = f"{100 * value:.0f}"
                ink = "white" if value < DARK else "black"
                axis.text(column, row, text, ha="center", va="center", fontsize=6.2, color=ink)
        axis.set_yticks(range(len(part)), part)
        names = [method.split(",")[0] for method in methods]
        axis.set_xticks(range(len(methods)), names, rotation=32, ha="left")
        axis.tick_params(length=0, labeltop=True, labelbottom=False, top=False)
        axis.spines[:].set_visible(False)
        axis.set_xticks(np.arange(-0.5, len(methods)), minor=True)
        axis.set_yticks(np.arange(-0.5, len(part)), minor=True)
        axis.grid(which="minor", color="white", linewidth=0.8)
        axis.tick_params(which="minor", length=0)
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, metadata={"Date": None})
