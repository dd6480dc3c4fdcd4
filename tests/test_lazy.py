"""Names of a package that are imported when they are asked for."""

import importlib
import subprocess
import sys

import pytest

PACKAGES = ["feature_extraction", "metrics", "runtime"]


@pytest.mark.parametrize("package", PACKAGES)
def test_all_names_are_offered_and_there(package):
    module = importlib.import_module(f"sklearn_mtl.{package}")
    assert set(module.__all__) <= set(dir(module))
    assert {"__name__", "__doc__"} <= set(dir(module))
    for name in module.__all__:
        assert getattr(module, name) is not None


@pytest.mark.parametrize("package", PACKAGES)
def test_unknown_names_are_refused(package):
    module = importlib.import_module(f"sklearn_mtl.{package}")
    with pytest.raises(
        AttributeError, match=f"'sklearn_mtl.{package}' has no .*'Fast'"
    ):
        module.Fast  # noqa: B018


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_needs_no_scikit_learn_and_lists_its_names_without(package):
    code = f"""
import sys
import sklearn_mtl.{package} as package
assert set(package.__all__) <= set(dir(package))
assert not {{"sklearn", "torch"}} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True)
