"""CSV and TSV: from text to names and rows, and back."""

import csv
import io
import re

from ._errors import CommandError
from ._process import warn

# The longest cell the csv module may read; its own limit is short for a text, and this
# is the largest number that fits everywhere.
LONGEST_CELL = 2**31 - 1
# A whole cell in quotation marks, with those inside it doubled.
_QUOTED_CELL = re.compile('"(?:[^"]|"")*"')


def read_csv(path, text, delimiter, quoting=None):
    """Read cells as strings.

    Parameters
    ----------
    path : str
        For messages.

    text : str

    delimiter : str

    quoting : {"csv", "none"}, default=None
        Whether quotation marks hold a cell together. None is "csv", and in TSV "none"
        where their places show that they do not.

    Returns
    -------
    names : list of str

    rows : list of list of str
        A row that ends early has fewer cells than there are names.

    lines : list of int
        The line each row starts in.

    quoting : {"csv", "none"}
    """
    plain = quoting == "none"
    if quoting is None and '"' in text and delimiter == "\t":
        plain = _is_plain(text, delimiter)
    if plain:
        records = list(_plain_records(text, delimiter))
    else:
        records = list(_quoted_records(path, text, delimiter))
        # In CSV commas may be a part of any text, so this is no more than a doubt.
        if quoting is None and '"' in text and _is_plain(text, delimiter):
            warn(
                f"{path}: quotation marks join lines that would be whole rows without "
                "them. If they are ordinary characters, use --quoting none, else "
                "--quoting csv."
            )
    while not records[-1][1]:
        records.pop()
    first = next(k for k, (_, cells) in enumerate(records) if cells)
    names = records[first][1]
    lines, rows = [], []
    for line, cells in records[first + 1 :]:
        if not cells:
            if len(names) > 1:
                continue
            # In a table of one column this is how an empty cell looks.
            cells = [""]
        if any(cells[len(names) :]):
            raise CommandError(
                f"{path}, line {line}: {len(cells)} cells, but the header has "
                f"{len(names)}. A cell that holds {delimiter!r} or a line break must "
                "stand in quotation marks"
                + (
                    ", and these count with --quoting csv."
                    if quoting == "none"
                    else "."
                )
            )
        lines.append(line)
        rows.append(cells[: len(names)])
    return names, rows, lines, "none" if plain else "csv"


def _is_plain(text, delimiter):
    """Whether quotation marks in a text are likely to be characters like any other.

    They are where each line has as many cells as the header without any regard to
    them, and not all of them enclose a cell. A single column tells nothing of this; it
    is plain if it breaks the rules of quoting.
    """
    if text.lstrip("\r\n").startswith('"'):
        return False
    records = (cells for _, cells in _plain_records(text, delimiter) if cells)
    n_names = len(next(records))
    if n_names == 1:
        return not _follows_rules(text, delimiter)
    enclosed = True
    for cells in records:
        if len(cells) != n_names:
            return False
        enclosed = enclosed and all(
            _QUOTED_CELL.fullmatch(cell) for cell in cells if '"' in cell
        )
    return not enclosed


def _follows_rules(text, delimiter):
    try:
        for _ in _quoted_records("", text, delimiter):
            pass
    except CommandError:
        return False
    return True


def _plain_records(text, delimiter):
    """Yield (line, cells), quotation marks left as they are."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    for number, line in enumerate(text.split("\n"), start=1):
        yield number, line.split(delimiter) if line else []


def _quoted_records(path, text, delimiter):
    """Yield (line the record starts in, cells), empty lines included."""
    old_limit = csv.field_size_limit(LONGEST_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        for cells in reader:
            yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise CommandError(
            f"{path}, line {line}: {error}. Is a quotation mark not closed, or not "
            "doubled inside a quoted cell? If quotation marks are ordinary "
            "characters, use --quoting none."
        ) from error
    finally:
        csv.field_size_limit(old_limit)


def csv_text(columns, delimiter, quoting=None):
    """Write a header and the rows; None becomes an empty cell.

    With ``quoting="none"`` quotation marks stay as they are, unless a cell cannot be
    told from others without them.
    """
    header, rows = list(columns), list(zip(*columns.values(), strict=True))
    if quoting == "none":
        text = _plain_text([header, *rows], delimiter)
        if text is not None:
            return text
    text = _quoted_text([header, *rows], delimiter, csv.QUOTE_MINIMAL)
    if delimiter == "\t" and '"' in text and _is_plain(text, delimiter):
        # With all cells in quotation marks nobody takes them for characters.
        text = _quoted_text([header, *rows], delimiter, csv.QUOTE_ALL)
    return text


def _plain_text(rows, delimiter):
    """Write cells as they are; None if one holds a delimiter or a line break."""
    lines = [["" if cell is None else str(cell) for cell in row] for row in rows]
    special = re.compile(f"[\r\n{re.escape(delimiter)}]")
    if any(special.search(cell) for cells in lines for cell in cells):
        return None
    return "".join(delimiter.join(cells) + "\n" for cells in lines)


def _quoted_text(rows, delimiter, quoting):
    lines = _Lines()
    settings = {"delimiter": delimiter, "lineterminator": "\r\n", "quoting": quoting}
    csv.writer(lines, **settings).writerows(rows)
    return "".join(lines)


class _Lines(list):
    r"""Rows that end like lines do.

    The csv module quotes a cell for the characters of its line ends only. Told that
    they are ``\r\n`` it quotes both; here the first of them goes.
    """

    def write(self, row):
        self.append(row.removesuffix("\r\n") + "\n")
