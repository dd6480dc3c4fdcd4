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
