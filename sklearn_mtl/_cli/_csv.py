"""CSV and TSV: parse text to names and rows, and back."""

import csv
import io
import re

from ._errors import CommandError
from ._process import warn

# Maximum cell length for the csv module, whose default is too short for texts. This is
# the largest value that works on all platforms.
LONGEST_CELL = 2**31 - 1
# A quoted cell; quotation marks inside it are doubled.
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
        Whether quotation marks enclose cells. None means "csv"; in TSV it means "none"
        if the positions of quotation marks show that they do not enclose cells.

    Returns
    -------
    names : list of str

    rows : list of list of str
        A short row has fewer cells than there are names.

    lines : list of int
        Line number in which each row starts.

    quoting : {"csv", "none"}
    """
    plain = quoting == "none"
    if quoting is None and '"' in text and delimiter == "\t":
        plain = _is_plain(text, delimiter)
    if plain:
        records = list(_plain_records(text, delimiter))
    else:
        records = list(_quoted_records(path, text, delimiter))
        # In CSV, texts may contain commas, so this is only a suspicion.
        if quoting is None and '"' in text and _is_plain(text, delimiter):
            warn(
                f"{path}: quotation marks join lines that would be complete rows "
                "without them. If they are ordinary characters, use --quoting none, or "
                "else --quoting csv."
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
            # In a table with one column, an empty line is an empty cell.
            cells = [""]
        if any(cells[len(names) :]):
            raise CommandError(
                f"{path}, line {line}: {len(cells)} cells, but the header has "
                f"{len(names)}. A cell that contains {delimiter!r} or a line break "
                "must be in quotation marks"
                + (", which needs --quoting csv." if quoting == "none" else ".")
            )
        lines.append(line)
        rows.append(cells[: len(names)])
    return names, rows, lines, "none" if plain else "csv"


def _is_plain(text, delimiter):
    """Whether quotation marks in a text are likely to be ordinary characters.

    They are if, ignoring them, each line has as many cells as the header, and not all
    of them enclose a cell. For a single column this test is uninformative; it is plain
    if it breaks the quoting rules.
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
    """Yield (line, cells), with quotation marks as ordinary characters."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    for number, line in enumerate(text.split("\n"), start=1):
        yield number, line.split(delimiter) if line else []


def _quoted_records(path, text, delimiter):
    """Yield (first line of the record, cells), including empty lines."""
    old_limit = csv.field_size_limit(LONGEST_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        for cells in reader:
            yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise CommandError(
            f"{path}, line {line}: {error}. A quotation mark may be unclosed, or not "
            "doubled inside a quoted cell. If quotation marks are ordinary characters, "
            "use --quoting none."
        ) from error
    finally:
        csv.field_size_limit(old_limit)


def csv_text(columns, delimiter, quoting=None):
    """Write a header and the rows; None becomes an empty cell.

    With ``quoting="none"`` quotation marks are ordinary characters, unless cells would
    be ambiguous without quoting.
    """
    header, rows = list(columns), list(zip(*columns.values(), strict=True))
    if quoting == "none":
        text = _plain_text([header, *rows], delimiter)
        if text is not None:
            return text
    text = _quoted_text([header, *rows], delimiter, csv.QUOTE_MINIMAL)
    if delimiter == "\t" and '"' in text and _is_plain(text, delimiter):
        # If all cells are quoted, no reader mistakes the marks for ordinary characters.
        text = _quoted_text([header, *rows], delimiter, csv.QUOTE_ALL)
    return text


def _plain_text(rows, delimiter):
    """Write cells unquoted; return None if one contains a delimiter or a line break."""
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
    r"""Rows as lines that end with a line feed.

    The csv module quotes a cell only for the characters of its line terminator. With
    ``\r\n`` it quotes both; this class then removes the ``\r`` at the end of lines.
    """

    def write(self, row):
        self.append(row.removesuffix("\r\n") + "\n")
