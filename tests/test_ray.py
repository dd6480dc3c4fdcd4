"""Folds and candidates on the workers of a Ray cluster."""

import joblib
import pytest
from test_dask import check_like_serial, comparison, grid, loss_weights


@pytest.fixture(scope="module")
def cluster():
    ray = pytest.importorskip("ray", reason="ray is not installed")
    from ray.util.joblib import register_ray

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_AUTH_MODE", "disabled")
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        register_ray()
        ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
        with joblib.parallel_config("ray", n_jobs=2):
            yield
        ray.shutdown()


@pytest.mark.filterwarnings("ignore")  # of Ray
@pytest.mark.parametrize("work", [grid, loss_weights, comparison])
def test_a_cluster_finds_what_one_process_finds(work, cluster):
    check_like_serial(work, "ray")
