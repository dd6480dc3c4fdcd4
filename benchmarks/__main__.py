"""Run a benchmark: ``python -m benchmarks NAME``."""

import argparse
import sys
from importlib import import_module
from pathlib import Path

from benchmarks.data import find_sets
from benchmarks.measure import Failed, in_fresh_process, machine_facts
from benchmarks.results import RESULTS, read_results, write_results

CASES = Path(__file__).parent / "cases"


class Context:
    """The options of a run as attributes, and methods for measuring."""

    threads = 1  # of a case without this option

    def __init__(self, case, options):
        self.case = case
        vars(self).update(vars(options))

    def call(self, target, *, limit=None, python=None, **arguments):
        """Call a function in a fresh process and return its result.

        The function is in the file of the case, or given as "module:function" of this
        package.
        """
        if ":" not in target:
            target = f"cases.{self.case.__name__.rpartition('.')[2]}:{target}"
        return in_fresh_process(
            f"benchmarks.{target}",
            arguments,
            threads=self.threads,
            limit=limit,
            python=python,
        )

    def call_for_seeds(self, target, *, limit=None, **arguments):
        """Return the results for all seeds, each from a separate process."""
        return [
            self.call(target, limit=limit, seed=seed, **arguments)
            for seed in range(self.seeds)
        ]

    def machine(self):
        return machine_facts(self.threads)

    def results(self):
        return read_results(self.out)


def load_cases():
    """Return the modules in ``cases/`` by name."""
    found = sorted(path.stem for path in CASES.glob("[!_]*.py"))
    return {name: import_module(f"benchmarks.cases.{name}") for name in found}


def main(arguments=None):
    cases = load_cases()
    parser = make_parser(cases)
    options = parser.parse_args(arguments)
    if options.list:
        for name, case in cases.items():
            print(f"{name:14} {describe(case)}")
        return
    if options.name is None:
        parser.error("name a case; --list shows all")
    case = cases[options.name]
    try:
        choose_names(case, options)
        context = Context(case, options)
        if hasattr(case, "check"):
            case.check(context)
    except ValueError as error:
        parser.error(str(error))
    try:
        for place, record in case.run(context):
            store(case, context, place, record)
    except Failed as failure:
        sys.exit(f"{options.name}: the process above ended with {failure}.")
    if hasattr(case, "show"):
        print(case.show(context.results()))


def describe(case):
    """Return the first line of a case's docstring."""
    return case.__doc__.splitlines()[0]


def make_parser(cases):
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--list", action="store_true", help="list the cases and stop")
    chosen = parser.add_subparsers(dest="name", metavar="NAME")
    for name, case in cases.items():
        own = chosen.add_parser(
            name,
            help=describe(case),
            description=case.__doc__,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        for option in case.OPTIONS:
            option.add_to(own)
    return parser


def choose_names(case, options):
    """Fill in missing names, and check given ones."""
    if getattr(options, "out", "") is None:
        options.out = RESULTS / f"{options.name}.json"
    for option in case.OPTIONS:
        known = option.among
        if option.name == "sets":
            found = find_sets(options.data) if options.data else []
            known = [name for name in found if known is None or name in known]
            if options.data and not known:
                wanted = option.among or ["train.csv.gz"]
                raise ValueError(f"{options.data} has no folder with {wanted}")
            if not options.data:
                continue
        if known is None:
            continue
        given = getattr(options, option.name)
        asked = list(known) if given is None else given
        if unknown := [name for name in asked if name not in known]:
            raise ValueError(
                f"--{option.name}: there is no {', '.join(unknown)}, only "
                f"{', '.join(known)}"
            )
        setattr(options, option.name, asked)


def store(case, context, place, record):
    """Write a record at once, because a long benchmark may be interrupted."""
    results = context.results()
    part = results
    for name in place[:-1]:
        part = part.setdefault(name, {})
    part[place[-1]] = record
    if hasattr(case, "complete"):
        case.complete(results)
    write_results(context.out, results)
    plain = int | float | str
    shown = {key: value for key, value in record.items() if isinstance(value, plain)}
    if shown and place[-1] not in ("machine", "labels"):
        print(f"{', '.join(place)}: {shown}", flush=True)


if __name__ == "__main__":
    main()
