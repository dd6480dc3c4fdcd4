"""Draw overview-light.svg and overview-dark.svg, the picture of the README.

Run ``python docs/images/draw_overview.py`` after a change.
"""

from pathlib import Path

PALETTES = {
    "light": {
        "text": "#1f2328",
        "soft": "#59636e",
        "line": "#d1d9e0",
        "card": "#f6f8fa",
        "gap": "#ffffff",
        "net": "#ddf4ff",
        "edge": "#0969da",
    },
    "dark": {
        "text": "#f0f6fc",
        "soft": "#9198a1",
        "line": "#3d444d",
        "card": "#151b23",
        "gap": "#0d1117",
        "net": "#121d2f",
        "edge": "#4493f8",
    },
}
WIDTH, HEIGHT = 900, 262
COLUMNS = ("text", "topic", "tone", "urgent")
GIVEN = [
    ("The parcel arrived late", "delivery", "angry", None),
    ("Thank you, the refund came", "payment", None, "no"),
    ("I was charged twice!", None, "angry", "yes"),
    ("Friendly courier, on time", "delivery", None, None),
]
PREDICTED = ("Where is my refund?", "payment .97", "angry .81", "yes .74")
LEFT, TOP, ROW, GAP = 8, 54, 34, 4
TEXT_WIDTH, LABEL_WIDTH = 204, 74


def draw(colors):
    """Return the picture as text."""
    net = LEFT + TEXT_WIDTH + 3 * (LABEL_WIDTH + GAP) + 56
    right = net + 162
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'width="{WIDTH}" height="{HEIGHT}" role="img" font-size="12.5" '
        'font-family="-apple-system, Segoe UI, Helvetica, Arial, sans-serif">',
        "<title>A table with missing labels trains one network, which predicts every "
        "column of a new text</title>",
        write(LEFT, 22, "Train: several label columns, labels missing", colors),
        *draw_table(colors),
        write(LEFT, HEIGHT - 16, "Missing labels do not count", colors, "soft"),
        draw_arrow(net - 38, net - 10, colors),
        f'<rect x="{net}" y="80" width="112" height="92" rx="10" '
        f'fill="{colors["net"]}" stroke="{colors["edge"]}" stroke-width="1.5"/>',
        write(net + 56, 122, "one shared", colors, centred=True),
        write(net + 56, 142, "network", colors, centred=True),
        draw_arrow(net + 120, net + 148, colors),
        write(right, 22, "Predict: every column", colors),
    ]
    for number, (name, cell) in enumerate(zip(COLUMNS, PREDICTED, strict=True)):
        y = TOP + number * (ROW + GAP)
        parts += [
            write(right, y + 22, name, colors, "soft"),
            draw_cell(right + 52, y, 150, colors),
            write(right + 127, y + 22, cell, colors, centred=True),
        ]
    return "\n".join([*parts, "</svg>", ""])


def draw_table(colors):
    """Yield the cells of the training table, below the names of its columns."""
    for number, row in enumerate([COLUMNS, *GIVEN]):
        x, y = LEFT, TOP + (number - 1) * (ROW + GAP)
        for place, cell in enumerate(row):
            width = LABEL_WIDTH if place else TEXT_WIDTH
            if number == 0:
                yield write(x + 8, y + 32, cell, colors, "soft")
            else:
                yield draw_cell(x, y, width, colors, is_missing=cell is None)
                if place == 0:
                    yield write(x + 8, y + 22, cell, colors)
                elif cell is not None:
                    yield write(x + width / 2, y + 22, cell, colors, centred=True)
            x += width + GAP


def draw_cell(x, y, width, colors, *, is_missing=False):
    """Return a box; that of a missing label is empty and dashed."""
    fill, dashes = ("gap", ' stroke-dasharray="3 3"') if is_missing else ("card", "")
    return (
        f'<rect x="{x}" y="{y}" width="{width}" height="{ROW}" rx="5" '
        f'fill="{colors[fill]}" stroke="{colors["line"]}"{dashes}/>'
    )


def write(x, y, text, colors, color="text", *, centred=False):
    """Return a line of text."""
    anchor = ' text-anchor="middle"' if centred else ""
    return f'<text x="{x:g}" y="{y}"{anchor} fill="{colors[color]}">{text}</text>'


def draw_arrow(start, end, colors):
    """Return an arrow to the right, at the height of the network."""
    return (
        f'<path d="M{start} 126 H{end} m-7 -6 l7 6 l-7 6" fill="none" '
        f'stroke="{colors["edge"]}" stroke-width="2"/>'
    )


if __name__ == "__main__":
    for name, colors in PALETTES.items():
        path = Path(__file__).with_name(f"overview-{name}.svg")
        path.write_text(draw(colors), encoding="utf-8")
