"""Warnings that point at the line of the user's."""

import warnings

import pytest

from sklearn_mtl.utils._warn import warn_caller


def test_it_points_at_the_line_that_calls():
    with pytest.warns(UserWarning, match="found") as caught:
        warn_caller("found")
    assert caught[0].filename == __file__


def test_frames_of_the_package_are_passed_over():
    namespace = {"__name__": "sklearn_mtl.inside", "warn_caller": warn_caller}
    exec("def deep():\n    warn_caller('found', RuntimeWarning)", namespace)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        namespace["deep"]()
    assert caught[0].filename == __file__
    assert caught[0].category is RuntimeWarning


@pytest.mark.parametrize(
    "inside", ["sklearn_mtl.a", "sklearn.b", "joblib", "contextlib"]
)
def test_code_of_these_libraries_is_passed_over(inside):
    namespace = {"__name__": inside, "warn_caller": warn_caller}
    exec("def deep():\n    warn_caller('found')\ndef call():\n    deep()", namespace)
    with pytest.warns(UserWarning, match="found") as caught:
        namespace["call"]()
    assert caught[0].filename == __file__
    assert caught[0].category is UserWarning


def test_code_of_others_is_pointed_at():
    namespace = {"__name__": "other.sklearn", "warn_caller": warn_caller}
    exec(compile("def f():\n    warn_caller('found')", "other.py", "exec"), namespace)
    with pytest.warns(UserWarning, match="found") as caught:
        namespace["f"]()
    assert (caught[0].filename, caught[0].lineno) == ("other.py", 2)
