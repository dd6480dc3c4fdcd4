"""The runner of the benchmarks, on made-up data."""

import csv
import gzip
import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
if not (ROOT / "benchmarks").is_dir():  # a source archive has the tests alone
    pytest.skip("there are no benchmarks here", allow_module_level=True)

CASES = {path.stem for path in (ROOT / "benchmarks" / "cases").glob("*.py")}


def run(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )


@pytest.fixture
def cases(monkeypatch):
    monkeypatch.syspath_prepend(ROOT)
    from benchmarks.__main__ import load_cases

    return load_cases()


@pytest.fixture
def data(tmp_path):
    """A set of 24 texts and two tasks, in the layout that the runner reads."""
    rows = [
        {"text": text, "mood": mood, "topic": topic}
        for text, mood, topic in [
            ("a good film", "good", "film"),
            ("a bad film", "bad", ""),
            ("a good dinner", "good", "food"),
            ("a bad dinner", "bad", "food"),
        ]
    ] * 6
    for split in ("train", "dev", "test"):
        path = tmp_path / "reviews" / f"{split}.csv.gz"
        path.parent.mkdir(exist_ok=True)
        with gzip.open(path, "wt", encoding="utf-8", newline="") as lines:
            table = csv.DictWriter(lines, rows[0])
            table.writeheader()
            table.writerows(rows)
    return tmp_path


def test_every_case_is_listed_with_description_and_options(cases):
    listed = run("--list").stdout.splitlines()
    assert {line.split()[0] for line in listed} == CASES == set(cases)
    for line in listed:
        assert len(line.split(maxsplit=1)[1]) > 20, line
    for name, case in cases.items():
        assert case.OPTIONS, name
        assert callable(case.run), name


def test_every_case_has_help(cases, capsys):
    from benchmarks.__main__ import main

    for name, case in cases.items():
        with pytest.raises(SystemExit, match=r"^0$"):
            main([name, "--help"])
        shown = capsys.readouterr().out
        for option in case.OPTIONS:
            assert f"--{option.name.replace('_', '-')}" in shown, name


def test_the_runner_loads_no_numerical_library():
    # A process starts with the peak memory of its parent as its own.
    code = (
        "import sys; from benchmarks.__main__ import load_cases; load_cases(); "
        "print({'numpy', 'scipy', 'sklearn', 'torch'} & set(sys.modules))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert loaded.stdout.strip() == "set()"


def test_pages_say_what_the_results_say():
    checked = run("tables", "--check")
    assert checked.returncode == 0, checked.stderr


def test_a_page_that_says_something_else_is_found(tmp_path):
    (tmp_path / "docs").mkdir()
    for page in (
        "README.md",
        *map("docs/{}.md".format, ["results", "measured", "scale"]),
    ):
        text = (ROOT / page).read_text(encoding="utf-8")
        (tmp_path / page).write_text(text.replace("fdu_mtl", "other"), encoding="utf-8")
    checked = run("tables", "--check", "--root", tmp_path)
    assert checked.returncode == 1
    assert "README.md differs from the results" in checked.stderr
    assert "run python -m benchmarks tables" in checked.stderr
    assert run("tables", "--root", tmp_path).returncode == 0
    assert run("tables", "--check", "--root", tmp_path).returncode == 0


def test_a_case_from_end_to_end(data, tmp_path):
    out = tmp_path / "out" / "vectorizers.json"
    done = run("vectorizers", "--data", data, "--out", out)
    assert done.returncode == 0, done.stderr
    measured = json.loads(out.read_text(encoding="utf-8"))["reviews"]
    path = ROOT / "benchmarks" / "results" / "vectorizers.json"
    kept = json.loads(path.read_text(encoding="utf-8"))["edos"]
    assert measured.keys() == kept.keys()
    assert measured["machine"]["threads"] == 1
    for system in ("scikit-learn", "fast"):
        own, other = (run["words 1-2"][system] for run in (measured, kept))
        assert own.keys() == other.keys()
        assert own["texts"] == 24
    assert "| reviews, words 1-2 |" in done.stdout


def test_unknown_names_are_errors(data):
    unknown = run("vectorizers", "--data", data, "--sets", "books")
    assert unknown.returncode == 2
    assert "--sets: there is no books, only reviews" in unknown.stderr
    unknown = run("peers", "--data", data, "--systems", "svm")
    assert "--systems: there is no svm, only linear_svc, " in unknown.stderr
    empty = run("peers", "--data", data / "reviews")
    assert "has no folder with" in empty.stderr


@pytest.fixture
def benchmark(monkeypatch):
    """Run a case in this process, which has imported torch already."""
    monkeypatch.syspath_prepend(ROOT)
    from benchmarks import __main__ as runner

    def call(context, target, *, limit=None, python=None, **arguments):
        if ":" not in target:
            target = f"cases.{context.case.__name__.rpartition('.')[2]}:{target}"
        module, function = target.split(":")
        found = getattr(import_module(f"benchmarks.{module}"), function)(**arguments)
        return json.loads(json.dumps(found))

    monkeypatch.setattr(runner.Context, "call", call)

    def measure(name, *arguments):
        runner.main([name, *map(str, arguments)])
        out = arguments[arguments.index("--out") + 1]
        return json.loads(out.read_text(encoding="utf-8"))

    return measure


def test_noise_from_end_to_end(cases, tmp_path):
    out = tmp_path / "noise.json"
    done = run("noise", "--rows", 60, "--flips", "0.3", "--seeds", 1, "--out", out)
    assert done.returncode == 0, done.stderr
    point = json.loads(out.read_text(encoding="utf-8"))["60 rows"]["0.3 flipped"]
    assert point["runs"]["0"]["machine"]["threads"] == 1
    assert point["means"].keys() == {"ours", "logistic", "linear_svc"}
    for system, found in point["means"].items():
        # Flips hide what a system knows.
        assert 0.5 < found["accuracy_flipped"] < found["accuracy"] < 1
        assert ("log_loss" in found) == (system != "linear_svc")
    gap = point["differences"]["logistic"]["log_loss"]
    ours, peer = (point["means"][system]["log_loss"] for system in ("ours", "logistic"))
    assert gap["difference"] == pytest.approx(ours - peer, abs=2e-5)
    assert gap["low"] is None  # of a single seed
    assert "| 60 rows, 0.3 flipped |" in done.stdout
    begun = {"60 rows": {"0 flipped": {"runs": {}}, "0.3 flipped": point}}
    text = "\n".join(cases["noise"].section(begun))
    assert "and 1 seed(s)" in text
    assert "0 flipped |" not in text.replace("0.3 flipped |", "")


def test_flips_are_of_the_share_that_was_asked_for(cases):
    texts, true, flipped = cases["noise"].make_texts(2000, 0.2, 0)
    assert len(texts) == 2000
    for task, cells in true.items():
        pairs = zip(cells, flipped[task], strict=True)
        share = sum(a != b for a, b in pairs) / 2000
        assert share == pytest.approx(0.2, abs=0.03)
    _, true, flipped = cases["noise"].make_texts(50, 0.0, 0)
    assert true == flipped


def test_balancing_from_end_to_end(benchmark, cases, data, tmp_path, capsys):
    out = tmp_path / "balancing.json"
    methods = ["auto", "equal", "static", "separate", "gradnorm"]
    arguments = ("--data", data, "--methods", ",".join(methods), "--out", out)
    results = benchmark("balancing", *arguments, "--seeds", 2)
    measured = results["sets"]["reviews"]
    assert measured.keys() == set(methods)
    for method, runs in measured.items():
        assert runs.keys() == ({"0"} if method == "separate" else {"0", "1"})
        assert all(run["seconds"] > 0 for run in runs.values())
    assert measured["static"]["0"]["weights"].keys() == {"mood", "topic"}
    found = results["summary"]
    assert found["equal"]["seconds_ratio"] == 1
    assert found["auto"]["macro_f1_difference"]["difference"] == 0
    own = [measured["gradnorm"][seed]["macro_f1"] for seed in "01"]
    usual = [measured["auto"][seed]["macro_f1"] for seed in "01"]
    gap = found["gradnorm"]["sets"]["reviews"]["macro_f1_difference"]
    assert gap["difference"] == pytest.approx((sum(own) - sum(usual)) / 2, abs=2e-5)
    assert found["separate"]["macro_f1_difference"]["low"] is None
    assert found["auto"]["rank"] is None  # 2 seeds are too few
    assert '| "gradnorm" |' in capsys.readouterr().out
    benchmark("balancing", *arguments, "--seeds", 2, "--keep")
    again = json.loads(out.read_text(encoding="utf-8"))
    assert again["sets"] == results["sets"]


def test_balancing_measures_what_fit_gives(cases, data):
    from benchmarks.data import load_set
    from benchmarks.scores import as_lists, score_tasks
    from sklearn_mtl import MultiTaskTextClassifier
    from sklearn_mtl.balancing import BALANCING_ALIASES

    case = cases["balancing"]
    asked = {*case.METHODS, *case.LEFT_OUT} - {"equal", "static", "separate"}
    assert asked == set(BALANCING_ALIASES)
    found = case.measure(data, "reviews", ["equal", "dwa", "separate"], 3)
    splits = load_set(data, "reviews").splits
    settings = {
        "equal": {"loss_weights": None},
        "dwa": {"loss_weights": "dwa"},
        "separate": {"sharing": "separate"},
    }
    for method, own in settings.items():
        classifier = MultiTaskTextClassifier(random_state=3, **own)
        classifier.fit(*splits["train"])
        predicted = as_lists(classifier.predict(splits["test"].texts, output="dict"))
        scores = score_tasks(splits["test"].labels, predicted)
        expected = sum(task["macro_f1"] for task in scores.values()) / 2
        assert found[method]["macro_f1"] == pytest.approx(expected), method


def test_conditions_from_end_to_end(cases, data, monkeypatch):
    case = cases["conditions"]
    monkeypatch.setitem(case.CONDITIONS, "reviews", {"topic": ["mood", "good"]})
    monkeypatch.setitem(case.DECIDING, "reviews", "mood")
    with gzip.open(data / "reviews" / "train.csv.gz", "rt", encoding="utf-8") as lines:
        rows = [own for own in csv.DictReader(lines) if own["text"] != "a bad dinner"]
    for split in ("train", "test"):
        path = data / "reviews" / f"{split}.csv.gz"
        with gzip.open(path, "wt", encoding="utf-8", newline="") as lines:
            table = csv.DictWriter(lines, rows[0])
            table.writeheader()
            table.writerows(rows)
    found = case.measure(data, "reviews", "test", 1)
    assert found["known"]["topic"]["conditions"] == 1
    ends = found["end_to_end"]
    assert ends["default"]["contradicting"] == pytest.approx(1 / 3)  # "a bad film"
    assert ends["default"]["precision"] == pytest.approx(5 / 7)  # implies "good"
    for system in case.SYSTEMS.keys() - {"default"}:
        assert ends[system]["contradicting"] == 0
        assert ends[system]["f1"] == ends[system]["macro_f1 topic"] == 1
    text = "\n".join(case.section({"reviews": found}))
    assert "| reviews, topic | 1.000 | 1.000 | +0.0 [+0.0, +0.0] |" in text
    assert "| reviews | mood | topic | precision" in text


def test_what_contradicts_conditions(cases):
    case = cases["conditions"]
    conditions = {
        "kind": ("sexist", {"yes": ["slur", "threat"]}),
        "detail": ("kind", {"slur": ["c"], "threat": ["a"]}),
    }
    labels = {
        "sexist": ["yes", "yes", "no", "no", None],
        "kind": ["slur", None, None, "slur", None],
        "detail": ["c", "a", None, None, None],
    }
    assert case.contradicting(labels, conditions) == pytest.approx(2 / 5)
    kept = case.emptied(labels, conditions)
    assert kept["kind"] == ["slur", None, None, None, None]
    assert kept["detail"] == ["c", None, None, None, None]
    whole = case.filled(kept, conditions)
    assert whole["kind"] == ["slur", None, "none", "none", None]
    assert whole["detail"] == ["c", None, "none", "none", None]
    assert case.without_none(whole) == kept


def test_ranks_are_over_the_runs_of_all_ranked_methods(cases):
    def runs(*scores):
        return {str(k): {"macro_f1": score} for k, score in enumerate(scores)}

    one = {
        "auto": runs(0.5, 0.5, 0.5, 0.9),
        "equal": runs(0.4, 0.5, 0.6),
        "famo": runs(0.9, 0.9, 0.4),
        "separate": runs(0.9),
    }
    found = cases["balancing"].mean_ranks({"one": one, "two": one})
    assert {method: row["mean"] for method, row in found.items()} == {
        "auto": pytest.approx((2 + 2.5 + 2) / 3),
        "equal": pytest.approx((3 + 2.5 + 1) / 3),
        "famo": pytest.approx((1 + 1 + 3) / 3),
    }
    assert found["auto"]["runs"] == 6
    assert found["famo"]["difference"] == pytest.approx((-1 - 1.5 + 1) / 3)
    assert found["famo"]["low"] < found["famo"]["difference"] < found["famo"]["high"]
    few = {"one": {"auto": runs(0.5, 0.5), "equal": runs(0.5, 0.5, 0.5)}}
    assert cases["balancing"].mean_ranks(few) == {}


def test_steps_from_end_to_end(benchmark, data, tmp_path):
    pytest.importorskip("numba")
    out = tmp_path / "step.json"
    arguments = ["--data", data, "--out", out, "--steps", 4]
    found = benchmark("step", *arguments)["reviews"]
    assert found["columns"] % 16 == 0
    for key in ("step_milliseconds", "table_milliseconds", "share_of_floor"):
        assert found[key].keys() == {"torch", "scipy", "numba"}
        assert min(found[key].values()) > 0
    for kernel, milliseconds in found["table_milliseconds"].items():
        share = found["floor_milliseconds"] / milliseconds
        assert found["share_of_floor"][kernel] == pytest.approx(share, rel=1e-2)


def test_serving_from_end_to_end(benchmark, data, tmp_path, capsys):
    out = tmp_path / "serving.json"
    arguments = ["--data", data, "--out", out, "--starts", 1, "--models", tmp_path]
    found = benchmark("serving", *arguments)["reviews"]
    for runtime in ("torch", "numpy"):
        assert found[runtime]["texts"] == 24
        for key in ("start_seconds", "peak_megabytes", "milliseconds_per_text"):
            assert found[runtime][key] > 0
    assert found["agreement"]["labels_that_differ"] == 0
    assert found["agreement"]["largest_difference_of_probabilities"] < 1e-6
    assert "| reviews, numpy |" in capsys.readouterr().out


def test_files_from_end_to_end(benchmark, data, tmp_path, capsys):
    found = benchmark("files", "--data", data, "--out", tmp_path / "files.json")
    sizes = {
        form: rows["reviews"]["megabytes"] for form, rows in found["forms"].items()
    }
    assert list(sizes) == list(found["labels"])
    assert sizes["pruned"] < sizes["float32"]
    assert found["forms"]["int8"]["reviews"]["accuracy"] > 0.5
    assert "| 8 bits |" in capsys.readouterr().out


def test_few_rows_from_end_to_end(benchmark, cases, data, tmp_path, capsys):
    arguments = ("--data", data, "--out", tmp_path / "few.json")
    results = benchmark("few", *arguments, "--rows", "6,12", "--draws", 2)
    assert results["reviews"].keys() == {"6 rows", "12 rows"}
    point = results["reviews"]["12 rows"]
    assert point["runs"].keys() == {"0", "1"}
    assert len(point["means"]) == 7
    assert len(point["differences"]) == 6
    for system, found in point["means"].items():
        assert 0 < found["macro_f1"] <= 1
        assert found["seconds"] > 0
        assert ("log_loss" in found) == ("svc" not in system)
    gap = point["differences"]["linear_svc, words"]["macro_f1"]
    assert gap["low"] <= gap["difference"] <= gap["high"]
    assert "| 6 rows, reviews |" in capsys.readouterr().out
    assert "over 2 draw(s)" in cases["few"].section(results)[1]
    results = benchmark("few", *arguments, "--rows", "6", "--draws", 1)
    assert results["reviews"]["6 rows"]["runs"].keys() == {"0"}
    assert results["reviews"]["12 rows"]["runs"] == point["runs"]


def test_chunks_from_end_to_end(benchmark, cases, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(cases["chunks"], "CHUNK", 250)
    monkeypatch.setattr("sklearn_mtl.data._source.PARTS_BUDGET", 0)
    out = ("--out", tmp_path / "chunks.json")
    points = benchmark("chunks", *out, "--rows", 500)["500"]
    assert points.keys() == {"files", "memory"}
    assert points["files"]["features"] < points["memory"]["features"]  # no parts
    for found in points.values():
        assert found["rows_per_second"] > 499 / found["seconds"]
        assert found["peak_mib"] >= found["start_mib"]
        assert 0 < found["accuracy"] <= 1
    assert "| 500, files |" in capsys.readouterr().out
    results = benchmark("chunks", *out, "--rows", 250, "--most-mib", 1)
    assert results["250"]["files"]["failed"] == "peak above 1 MiB"
    assert "| 250, files | peak above 1 MiB |" in capsys.readouterr().out


def test_draws_of_few_rows_have_a_label_of_each_task(cases):
    labels = {"often": ["a", "b"] * 20, "rare": [None] * 38 + ["c", "d"]}
    draws = [cases["few"].draw_rows(labels, 3, draw) for draw in range(20)]
    assert all({38, 39} & set(rows) and len(set(rows)) == 3 for rows in draws)
    assert len(set(map(tuple, draws))) > 10
    assert draws[0] == cases["few"].draw_rows(labels, 3, 0)
    with pytest.raises(ValueError, match="There are 40 rows in train, fewer than 50"):
        cases["few"].draw_rows(labels, 50, 0)


def test_a_draw_that_fails_leaves_the_others(cases):
    run = {"systems": {"ours": {"accuracy": 0.75}, "other": {"accuracy": 0.5}}}
    point = {"runs": {"0": {"over_seconds": 1.0}, "1": run}}
    results = {"reviews": {"3 rows": point, "9 rows": {"runs": {"0": {"failed": ""}}}}}
    cases["few"].complete(results)
    assert point["means"]["ours"] == {"accuracy": 0.75}
    assert point["differences"]["other"]["accuracy"]["difference"] == 0.25
    assert "| 9 rows, reviews | - |" in cases["few"].show(
        {"reviews": {"9 rows": results["reviews"]["9 rows"]}}
    )


def test_pretrained_from_end_to_end(benchmark, cases, data, tmp_path, capsys):
    arguments = ("--data", data, "--out", tmp_path / "pretrained.json", "--seeds", 2)
    results = benchmark("pretrained", *arguments, "--encoders", "use,pooled_use")
    point = results["reviews"]["all rows"]
    assert point["runs"].keys() == {"0", "1"}
    alone = {"use, logistic", "pooled_use, logistic"}
    beside = {"words, lsa", "words, use", "words, pooled_use"}
    assert point["means"].keys() == {"words"} | alone | beside
    for found in point["means"].values():
        assert 0 < found["macro_f1"] <= 1
        assert found["fit_seconds"] > 0
    for encoder in ("use", "pooled_use"):
        assert point["encoders"][encoder]["texts"] == 4
    shown = capsys.readouterr().out
    assert "| reviews, all rows: words, use |" in shown
    assert "| reviews, all rows: pooled_use | 4 |" in shown
    assert "2 seed(s)" in cases["pretrained"].section(results)[1]
    results = benchmark("pretrained", *arguments, "--rows", "12")
    assert results["reviews"].keys() == {"12 rows", "all rows"}


def test_probabilities_from_end_to_end(benchmark, cases, data, tmp_path):
    out = tmp_path / "probabilities.json"
    results = benchmark("probabilities", "--data", data, "--seeds", 2, "--out", out)
    found = results["reviews"]
    ours, peer = (found["systems"][system] for system in ("shared", "logistic"))
    assert [len(row["runs"]) for row in (ours, peer)] == [2, 1]
    for row, n_runs in ((ours, 2), (peer, 1)):
        assert row["tasks"].keys() == {"mood", "topic"}
        # 24 moods, 18 topics.
        assert sum(part["cells"] for part in row["reliability"]) == 42 * n_runs
    for key in ("log_loss", "calibration_error"):
        gap = found["differences"][key]
        assert gap["difference"] == pytest.approx(ours[key] - peer[key], abs=2e-5)
        assert gap["low"] < gap["difference"] < gap["high"]
    text = "\n".join(cases["probabilities"].section(results))
    assert "| reviews, 2 tasks |" in text
    assert "| reviews, LogisticRegression |" in text


def test_explanations_from_end_to_end(benchmark, cases, data, tmp_path, monkeypatch):
    monkeypatch.setattr(cases["explanations"], "REMOVED", 1)  # texts have three words
    out = tmp_path / "explanations.json"
    results = benchmark(
        "explanations", "--data", data, "--texts", 8, "--others", 4,
        "--networks", "default,mmoe", "--out", out,
    )  # fmt: skip
    (found,) = results["reviews"]["default"]["runs"]
    assert found["texts"] == 8
    assert found["error_millionths"] < 100
    deletion = found["deletion"]
    assert deletion["texts"] == 8
    assert deletion["top"] > deletion["random"]
    assert "deletion" not in results["reviews"]["mmoe"]["runs"][0]
    text = "\n".join(cases["explanations"].section(results))
    assert "| reviews, 2 tasks | 8 |" in text
    assert "| reviews, mmoe | 4 |" in text


def test_words_are_removed_where_they_are(cases):
    from types import SimpleNamespace

    answer = SimpleNamespace(starts=[0, 2, 7], ends=[1, 6, 11])
    without = cases["explanations"].without
    assert without("a good film!", answer, [0, 2]) == " good !"
    assert without("a good film!", answer, []) == "a good film!"


def test_probabilities_are_scored_as_the_package_does(cases):
    import numpy as np

    from benchmarks.probabilities import reliability, score_probabilities
    from sklearn_mtl.metrics import multitask_scores

    generator = np.random.default_rng(0)
    own = generator.dirichlet(np.ones(3), 200)
    cells = generator.choice(["a", "b", "c", None], 200).tolist()
    probabilities = {"topic": (np.array(["a", "b", "c"]), own)}
    found = score_probabilities({"topic": cells}, probabilities)["topic"]
    expected = multitask_scores(
        {"topic": cells},
        y_proba={"topic": own},
        metrics=["log_loss", "calibration_error"],
    )["topic"]
    for key, value in found.items():
        assert value == pytest.approx(expected[key])
    bins = reliability({"topic": cells}, probabilities)
    error = sum(b["cells"] * abs(b["probability"] - b["accuracy"]) for b in bins)
    assert error / expected["support"] == pytest.approx(found["calibration_error"])


def test_classes_that_train_lacks_have_no_log_loss(cases):
    import numpy as np

    from benchmarks.probabilities import score_probabilities

    own = np.array([[0.9, 0.1], [0.2, 0.8], [0.5, 0.5]])
    probabilities = {
        "topic": (np.array(["a", "b"]), own),
        "constant": (np.array(["a"]), np.ones((3, 1))),
    }
    labels = {"topic": ["a", "b", "new"], "constant": ["a", "b", None]}
    found = score_probabilities(labels, probabilities)
    assert found.keys() == {"topic"}
    assert found["topic"]["log_loss"] == pytest.approx(-np.log([0.9, 0.8]).mean())
    assert found["topic"]["calibration_error"] == pytest.approx((0.1 + 0.2 + 0.5) / 3)


def test_peers_from_end_to_end(benchmark, data, tmp_path, capsys):
    from benchmarks.readme import tables
    from benchmarks.summary import summarise_sets

    out = tmp_path / "peers.json"
    systems = "linear_svc,logistic,shared"
    arguments = ("--data", data, "--seeds", 1, "--systems", systems, "--out", out)
    results = benchmark("peers", *arguments)
    rows = results["reviews"]["systems"]
    assert "log_loss" not in rows["linear_svc"]
    for row in (rows["logistic"], rows["shared"]):
        for key in ("log_loss", "calibration_error"):
            assert row[key] == pytest.approx(
                sum(task[key] for task in row["tasks"].values()) / 2, abs=1e-5
            )
    header = "Log loss / calibration error"
    _, _, shown = capsys.readouterr().out.partition(header)
    assert "| TF-IDF + LogisticRegression per task | 0." in shown
    assert "LinearSVC" not in shown
    # Records that were made before these were measured.
    old = rows["logistic"]
    del old["log_loss"], old["calibration_error"]
    shown = tables(results, summarise_sets(results))
    assert "| TF-IDF + LogisticRegression per task | not measured |" in shown
    del rows["shared"]["log_loss"]
    assert header not in tables(results, summarise_sets(results))


def test_the_readme_compares_over_the_sets_on_which_all_ended(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(ROOT)
    from benchmarks.readme import COMPARED, comparison_section

    def row(score, **further):
        times = dict.fromkeys(("vectorise_seconds", "fit_seconds"), 1.0)
        return {
            "runs": [],
            "macro_f1": score,
            "predict_seconds": 2.0,
            **times,
            **further,
        }

    def result(**further):
        return {"systems": {key: row(0.5, **further) for key in COMPARED}}

    full, better = result(), {"systems": {key: row(0.7) for key in COMPARED}}
    partly, cut = result(only_tasks=["topic"]), {"systems": {"shared": row(0.9)}}
    sets = {"a": full, "b": better, "few": partly, "one": cut}
    (tmp_path / "peers.json").write_text(json.dumps(sets), encoding="utf-8")
    text = comparison_section(tmp_path)
    assert text.count("| 0.600 | 8.0 |") == len(COMPARED)
    assert "(a and b)" in text
