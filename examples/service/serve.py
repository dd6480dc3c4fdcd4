"""Serve the predictions of a saved classifier over HTTP.

python serve.py model.mtl

For an encrypted file, set the environment variable SKLEARN_MTL_PASSWORD, or
SKLEARN_MTL_KEY with the key as 64 hexadecimal digits.
"""

import argparse
import os
import sys
from contextlib import suppress
from dataclasses import fields

import uvicorn
from app import Limits, create_app

import sklearn_mtl


def load_model(path, *, password=None, key=None, runtime="numpy"):
    """Load the model; replace this function to serve another kind of model."""
    return sklearn_mtl.load(path, password=password, key=key, runtime=runtime)


def read_options(arguments=None):
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("path", help="file written by clf.save(path)")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=8000, help="0 picks a free port")
    parser.add_argument("--runtime", choices=["numpy", "torch"], default="numpy")
    parser.add_argument(
        "--max-connections", type=int, default=256, help="503 above this number"
    )
    for field in fields(Limits):
        parser.add_argument(
            f"--{field.name.replace('_', '-')}",
            type=type(field.default),
            default=field.default,
            help=f"see app.Limits; {field.default} by default",
        )
    return parser.parse_args(arguments)


def read_secret(environment):
    """Remove password and key from the environment, so that no child inherits them."""
    password = environment.pop("SKLEARN_MTL_PASSWORD", None)
    key = environment.pop("SKLEARN_MTL_KEY", None)
    if key is None:
        return {"password": password, "key": None}
    try:
        return {"password": password, "key": bytes.fromhex(key)}
    except ValueError:
        raise ValueError("SKLEARN_MTL_KEY must have 64 hexadecimal digits.") from None


def main(arguments=None):
    """Load a model and serve it until SIGTERM or SIGINT."""
    options = read_options(arguments)
    try:
        limits = Limits(
            **{field.name: getattr(options, field.name) for field in fields(Limits)}
        )
        secret = read_secret(os.environ)
        model = load_model(options.path, **secret, runtime=options.runtime)
        app = create_app(model, limits)
    except (ValueError, OSError, ImportError) as error:
        print(f"Cannot serve {options.path}: {error}", file=sys.stderr)
        return 2
    # The thread of the model may hold the interpreter for this long at a time. The
    # default of 5 ms is many times the duration of a request.
    sys.setswitchinterval(0.0005)
    with suppress(KeyboardInterrupt):  # from SIGINT, after all answers are sent
        uvicorn.run(
            app,
            host=options.host,
            port=options.port,
            access_log=False,
            limit_concurrency=options.max_connections,
            # Requests that were accepted are answered before the process ends.
            timeout_graceful_shutdown=int(2 * limits.timeout) + 5,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
