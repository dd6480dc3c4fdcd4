"""What a wrong label of each task costs."""

from ._checks import check_by_task


def harm_by_task(harm, table, tasks):
    """Return the cost of a wrong label of each task.

    Parameters
    ----------
    harm : "tasks", dict of {str: float} or None

    table : LabelTable

    tasks : list of str
        The tasks that are judged.

    Returns
    -------
    costs : dict of {str: float}
        With "tasks", the mean over labelled cells is 1.
    """
    if harm is None:
        return dict.fromkeys(tasks, 1.0)
    if isinstance(harm, str) and harm == "tasks":
        counts = (~table.missing).sum(axis=0)
        cells = {name: counts[table.names.index(name)] for name in tasks}
        mean = sum(cells.values()) / len(tasks)
        return {name: float(mean / max(n, 1)) for name, n in cells.items()}
    check_by_task("harm", harm, table.names, "None, 'tasks'")
    return {name: float(harm.get(name, 1.0)) for name in tasks}
