"""What the wheel says of itself, and that all files that name a version agree."""

import re
import tomllib
from importlib.metadata import metadata
from pathlib import Path

import pytest

import sklearn_mtl

ROOT = Path(__file__).resolve().parents[1]
with open(ROOT / "pyproject.toml", "rb") as file:
    PROJECT = tomllib.load(file)["project"]
FLOORS = re.compile(r"^([\w.-]+)(?:\[[^]]*\])?>=([\w.]+)$")


def pins(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    found = re.findall(r"^([\w.-]+)==(\S+)$", text, re.MULTILINE)
    return {package.lower().replace("_", "-"): version for package, version in found}


def floors():
    extras = PROJECT["optional-dependencies"]
    # No job that tests the lowest versions installs these.
    own = [extras[name] for name in extras if name not in ("docs", "mlflow", "shap")]
    groups = [PROJECT["dependencies"], *own]
    wanted = [FLOORS.match(each) for group in groups for each in group]
    return {match[1]: match[2] for match in wanted if match}


def test_the_version_stands_in_one_place():
    assert PROJECT["dynamic"] == ["version"]
    assert metadata("sklearn-mtl")["Version"] == sklearn_mtl.__version__
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8").splitlines()
    assert f"version: {sklearn_mtl.__version__}" in citation
    assert f"license: {PROJECT['license']}" in citation


@pytest.mark.parametrize(
    "label", ["Homepage", "Documentation", "Source", "Issues", "Changelog"]
)
def test_there_is_an_address_for(label):
    assert PROJECT["urls"][label].startswith("https://")


def test_classifiers_name_the_versions_of_python():
    oldest = PROJECT["requires-python"].removeprefix(">=3.")
    versions = [
        int(each.rpartition("3.")[2])
        for each in PROJECT["classifiers"]
        if re.search(r"Python :: 3\.\d+$", each)
    ]
    assert versions == list(range(int(oldest), versions[-1] + 1))
    assert "Typing :: Typed" in PROJECT["classifiers"]


@pytest.mark.parametrize("package", sorted(floors()))
def test_every_floor_is_pinned_in_both_constraints(package):
    """The lowest job installs the floor, the default one a later release."""
    development = {"build", "codespell", "pre-commit", "twine"}
    newest = pins("constraints.txt")[package.lower()]
    floor = floors()[package]
    if package not in development | {"torch"}:
        lowest = pins("constraints-lowest.txt")[package.lower()]
        assert _numbers(lowest)[: len(_numbers(floor))] == _numbers(floor)
    assert _numbers(newest) >= _numbers(floor)


def _numbers(version):
    return [int(each) for each in re.findall(r"\d+", version)]


def test_the_workflow_publishes_by_trust_and_not_by_a_token():
    path = ROOT / ".github" / "workflows" / "release.yml"
    if not path.exists():
        pytest.skip("a source archive has no workflows")
    text = path.read_text(encoding="utf-8")
    publish = text.partition("\n  publish:\n")[2]
    assert "needs: build" in publish
    assert re.search(r"permissions:\n +id-token: write\n", publish)
    assert "secrets." not in text
