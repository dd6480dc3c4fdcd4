"""The process around the command: options, streams, signals, exit status."""

import io
import os
import signal
import sys
import warnings

import pytest

from sklearn_mtl import __main__ as program
from sklearn_mtl import _cli
from sklearn_mtl._cli import _process
from sklearn_mtl._cli._errors import CommandError, UsageError
from sklearn_mtl._cli._options import build_parser


def parse(*arguments):
    return vars(build_parser().parse_args(["fit", "data.csv", *arguments]))


class TestOptions:
    def test_defaults(self):
        assert parse() == {
            "version": None,
            "command": "fit",
            "data": "data.csv",
            "text": None,
            "tasks": [],
            "tags": [],
            "ordinal": [],
            "missing": [],
            "test": None,
            "held_out": None,
            "predict": None,
            "to": None,
            "save": None,
            "html": None,
            "password_env": None,
            "delimiter": None,
            "separator": None,
            "quoting": None,
            "encoding": None,
            "embedding": None,
            "sharing": "auto",
            "max_iter": None,
            "seed": 0,
            "quiet": False,
        }

    @pytest.mark.parametrize(
        ("option", "values"),
        [
            ("held_out", {"0": 0, "0.999": 0.999, "0.25": 0.25}),
            ("max_iter", {"1": 1, "10000": 10_000}),
            ("seed", {"0": 0, "4294967295": 2**32 - 1}),
            ("delimiter", {";": ";", "\\t": "\t", "\t": "\t", " ": " "}),
            ("separator", {"|": "|", " and ": " and "}),
            ("encoding", {"latin-1": "latin-1", "UTF-16": "UTF-16"}),
            ("quoting", {"csv": "csv", "none": "none"}),
            (
                "sharing",
                {
                    name: name
                    for name in [
                        "auto",
                        "shared-private",
                        "hard",
                        "separate",
                        "mmoe",
                        "ple",
                        "adversarial",
                    ]
                },
            ),
        ],
    )
    def test_values_that_are_taken(self, option, values):
        for text, value in values.items():
            assert parse(f"--{option.replace('_', '-')}", text)[option] == value

    @pytest.mark.parametrize(
        ("option", "values"),
        [
            ("held-out", ["1", "1.5", "-0.1", "nan", ""]),
            ("max-iter", ["0", "10001", "1.5"]),
            ("seed", ["-1", "4294967296", "x"]),
            ("delimiter", ["", '"', "\n", "\r", ";;"]),
            ("separator", ["", "  "]),
            ("encoding", ["", "base64"]),
            ("quoting", ["all"]),
            ("sharing", ["AUTO"]),
        ],
    )
    def test_values_that_are_refused(self, option, values):
        for text in values:
            with pytest.raises(UsageError, match=f"argument --{option}: "):
                parse(f"--{option}={text}")

    @pytest.mark.parametrize(
        ("option", "listed"),
        [("text", True), ("tasks", True), ("tags", True), ("ordinal", True)]
        + [("missing", True), ("test", False), ("predict", False), ("to", False)],
    )
    def test_names(self, option, listed):
        wanted = ["a", "b"] if listed else "a"
        assert parse(f"--{option}", *wanted)[option] == wanted

    def test_options_are_not_shortened(self):
        for arguments in (["--vers"], ["fit", "data.csv", "--quie"]):
            with pytest.raises(UsageError, match="unrecognized arguments"):
                build_parser().parse_args(arguments)


class Stream(io.StringIO):
    def __init__(self, watched=False, error=None):
        super().__init__()
        self.watched, self.error = watched, error
        self.flushed, self.settings = 0, {}

    def isatty(self):
        return self.watched

    def write(self, text):
        if self.error is not None:
            raise self.error
        return super().write(text)

    def flush(self):
        self.flushed += 1

    def reconfigure(self, **settings):
        self.settings = settings


class TestStreams:
    @pytest.mark.parametrize(
        ("out", "err", "watched"),
        [
            (Stream(True), Stream(True), True),
            (Stream(True), Stream(False), False),
            (Stream(False), Stream(True), False),
            (None, Stream(True), False),
            (Stream(True), None, False),
        ],
    )
    def test_a_terminal_is_one_in_both(self, monkeypatch, out, err, watched):
        monkeypatch.setattr(sys, "stdout", out)
        monkeypatch.setattr(sys, "stderr", err)
        assert _process.is_terminal() is watched

    def test_what_is_said_is_written_at_once(self, monkeypatch):
        out, err = Stream(), Stream()
        monkeypatch.setattr(sys, "stdout", out)
        monkeypatch.setattr(sys, "stderr", err)
        _process.say("a\n b")
        _process.say()
        assert out.getvalue() == "a\n b\n\n"
        assert out.flushed == 2
        _process.complain("two\n   lines")
        _process.warn("beware")
        assert (
            err.getvalue() == "sklearn_mtl: two lines\nsklearn_mtl: warning: beware\n"
        )
        assert err.flushed == 2

    @pytest.mark.parametrize(
        ("error", "raised", "message"),
        [
            (OSError(28, "No space left"), CommandError, "output: No space left"),
            (BrokenPipeError(32, "Broken pipe"), BrokenPipeError, "Broken pipe"),
        ],
    )
    def test_the_rest_goes_nowhere(self, monkeypatch, error, raised, message):
        discarded = []
        monkeypatch.setattr(_process, "discard", discarded.append)
        broken = Stream(error=error)
        monkeypatch.setattr(sys, "stdout", broken)
        monkeypatch.setattr(sys, "stderr", broken)
        with pytest.raises(raised, match=message):
            _process.say("a")
        assert discarded == [broken]
        _process.complain("a")
        assert discarded == [broken, broken]

    def test_a_discarded_stream_takes_anything(self, tmp_path):
        with open(tmp_path / "a", "w") as stream:
            stream.write("before")
            stream.flush()
            _process.discard(stream)
            stream.write("after")
        assert (tmp_path / "a").read_text() == "before"
        _process.discard(io.StringIO())  # which has no descriptor


class TestPreparation:
    @pytest.fixture
    def handlers(self, monkeypatch):
        """Start from the handlers of a new process; collect those that are set."""
        before = {
            signal.SIGINT: signal.default_int_handler,
            signal.SIGTERM: signal.SIG_DFL,
            signal.SIGHUP: signal.SIG_IGN,  # as under nohup
        }
        found = dict(before)
        monkeypatch.setattr(signal, "getsignal", before.get)
        monkeypatch.setattr(signal, "signal", found.__setitem__)
        return before, found

    @pytest.fixture
    def prepare(self, monkeypatch):
        def prepare(out, err):
            with monkeypatch.context() as context:
                context.setattr(sys, "stdout", out)
                context.setattr(sys, "stderr", err)
                _process.prepare()
                return sys.stdout, sys.stderr

        return prepare

    def test_signals_of_a_new_process_are_handled(self, handlers, prepare):
        prepare(Stream(), Stream())
        assert handlers[1] == {
            signal.SIGINT: _process._leave,
            signal.SIGTERM: _process._leave,
            signal.SIGHUP: signal.SIG_IGN,
        }

    def test_handlers_of_others_stay(self, handlers, prepare):
        before, found = handlers
        before.update({signal.SIGINT: signal.SIG_IGN, signal.SIGTERM: print})
        found.update(before)
        prepare(Stream(), Stream())
        assert found == before

    def test_a_character_that_a_stream_lacks_is_replaced(self, handlers, prepare):
        for out, err in ((Stream(), Stream()), (None, Stream())):
            assert prepare(out, err) == (out, err)
            for stream in filter(None, (out, err)):
                assert stream.settings == {"errors": "replace"}

    def test_standard_error_is_opened(self, handlers, prepare):
        _, err = prepare(Stream(), None)
        with err:
            assert err.name == os.devnull
            assert err.errors == "replace"

    @pytest.mark.parametrize(
        ("number", "status", "told"),
        [(signal.SIGINT, 130, True), (signal.SIGTERM, 143, False)],
    )
    def test_leaving(self, monkeypatch, number, status, told):
        calls = []
        monkeypatch.setattr(_process, "remove_unfinished", lambda: calls.append("rm"))
        monkeypatch.setattr(os, "write", lambda *given: calls.append(given))
        monkeypatch.setattr(os, "_exit", calls.append)
        _process._leave(number, None)
        line = [(2, b"sklearn_mtl: interrupted\n")] if told else []
        assert calls == ["rm", *line, status]


class TestProgram:
    def test_it_prepares_first(self, monkeypatch):
        calls = []
        monkeypatch.setattr(_process, "prepare", lambda: calls.append("prepare"))
        monkeypatch.setattr(_cli, "main", lambda: calls.append("main") or 7)
        assert program.run() == 7
        assert calls == ["prepare", "main"]

    def test_an_interrupt_of_the_imports(self, monkeypatch):
        def interrupt():
            raise KeyboardInterrupt

        monkeypatch.setattr(_process, "prepare", interrupt)
        assert program.run() == 130

    def test_warnings_are_shown_as_before_afterwards(self, monkeypatch, capsys):
        before = warnings.showwarning
        assert _cli.main(["fit", "no.csv"]) == 1
        assert warnings.showwarning is before
