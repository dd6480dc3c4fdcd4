"""Log fits and models to MLflow. Needs the extra ``mlflow``."""

from ._mlflow import log_mlflow_model, mlflow_autolog

__all__ = ["log_mlflow_model", "mlflow_autolog"]
