"""The service as an ASGI application: paths, limits and errors."""

import asyncio
import json
import time
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from typing import Annotated

from answers import Answers
from batching import Batcher, QueueFull
from fastapi import FastAPI, HTTPException
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse
from metrics import Metrics
from pydantic import BaseModel, ConfigDict, Field, model_validator

PATHS = ("/predict", "/health", "/metrics", "/schema")


@dataclass(frozen=True)
class Limits:
    """Limits of a single request, and of all requests together.

    Attributes
    ----------
    max_body : int
        Bytes per request. More gives 413.

    max_texts, max_length : int
        Texts per request, and characters per text. More gives 422.

    max_queue : int
        Waiting texts. More gives 503, with ``Retry-After``.

    max_batch : int
        Texts that the model predicts at once.

    wait : float
        Seconds that the first text of a batch waits for others.

    timeout : float
        Seconds for the body to arrive (408), and after that seconds for the answer
        (504).
    """

    max_body: int = 2**20
    max_texts: int = 256
    max_length: int = 20_000
    max_queue: int = 1024
    max_batch: int = 128
    wait: float = 0.0
    timeout: float = 10.0

    def __post_init__(self):
        for name, value in asdict(self).items():
            if value < 0 or (value == 0 and name != "wait"):
                raise ValueError(f"{name} must be more than 0. Got {value}.")
        if self.max_texts > self.max_queue:
            raise ValueError(
                f"A request may have {self.max_texts} texts, and the queue holds "
                f"{self.max_queue}: such a request would never be answered. Raise "
                "max_queue or lower max_texts."
            )


def create_app(model, limits=None):
    """Return the application.

    Parameters
    ----------
    model : MultiTaskTextClassifier or MultiTaskPredictor
        Fitted to texts.

    limits : Limits, default=None
        The defaults of `Limits`.

    Returns
    -------
    app : FastAPI
    """
    limits = Limits() if limits is None else limits
    answers, metrics = Answers(model), Metrics()
    question_type = question_within(limits)

    @asynccontextmanager
    async def lifespan(app):
        app.state.batcher = Batcher(
            answers,
            max_batch=limits.max_batch,
            max_queue=limits.max_queue,
            wait=limits.wait,
            observe=metrics.batches.observe,
        )
        app.state.batcher.start()
        yield
        await app.state.batcher.close()

    app = FastAPI(title="sklearn_mtl", lifespan=lifespan)
    app.add_middleware(Guard, limits=limits, metrics=metrics)
    app.add_exception_handler(RequestValidationError, refuse)

    @app.post("/predict")
    async def predict(question: question_type):
        """Predict the labels of a text, or of several."""
        try:
            async with asyncio.timeout(limits.timeout):
                found = await app.state.batcher.submit(
                    question.all_texts(), question.probabilities
                )
        except QueueFull:
            raise HTTPException(
                503, "Too many texts are waiting. Try again.", {"Retry-After": "1"}
            ) from None
        except TimeoutError:
            raise HTTPException(504, "The answer took too long.") from None
        except ValueError as error:
            raise HTTPException(422, str(error)) from error
        if not question.probabilities:
            # Other requests of the batch may have wanted them.
            found = [{"labels": answer["labels"]} for answer in found]
        return JSONResponse({"predictions": found})

    @app.get("/health")
    async def health():
        """Say whether requests are answered."""
        if not app.state.batcher.is_running:
            raise HTTPException(503, "The model no longer answers.")
        return {"status": "ok"}

    @app.get("/metrics", response_class=PlainTextResponse)
    async def show_metrics():
        """Show counters for Prometheus."""
        page = metrics.render(app.state.batcher.n_waiting)
        return PlainTextResponse(page, media_type="text/plain; version=0.0.4")

    @app.get("/schema")
    async def schema():
        """Show tasks and their classes in the order of probabilities, and limits."""
        return {"tasks": answers.schema(), "limits": asdict(limits)}

    return app


def question_within(limits):
    """Return the request type of /predict, with its limits."""
    one = Annotated[str, Field(max_length=limits.max_length)]
    several = Annotated[list[one], Field(min_length=1, max_length=limits.max_texts)]

    class Question(BaseModel):
        """A text or several, and whether probabilities are wanted too."""

        model_config = ConfigDict(extra="forbid", strict=True)
        text: one | None = None
        texts: several | None = None
        probabilities: bool = False

        @model_validator(mode="after")
        def check(self):
            if (self.text is None) == (self.texts is None):
                raise ValueError('pass "text" or "texts"')
            return self

        def all_texts(self):
            return [self.text] if self.texts is None else self.texts

    return Question


async def refuse(request, error):
    """Say what is wrong with a request, without repeating its texts."""
    problems = [
        {"where": [str(part)[:50] for part in each["loc"][:5]], "what": each["msg"]}
        for each in error.errors()[:10]
    ]
    return JSONResponse({"detail": problems}, 422)


class Guard:
    """Middleware that limits size and time of request bodies, and counts requests.

    Limits have to apply while a body arrives: both its declared length and the bytes
    received are checked.
    """

    def __init__(self, app, limits, metrics):
        self.app, self.limits, self.metrics = app, limits, metrics

    async def __call__(self, scope, receive, send):
        """Handle a request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path = scope["path"] if scope["path"] in PATHS else "other"

        async def counting(message):
            if message["type"] == "http.response.start":
                self.metrics.requests[path, message["status"]] += 1
            await send(message)

        try:
            async with asyncio.timeout(self.limits.timeout):
                body = await self._read(scope, receive)
        except TimeoutError:
            await respond(counting, 408, "The request took too long to arrive.")
            return
        except TooLarge:
            text = f"A request may have {self.limits.max_body} bytes."
            await respond(counting, 413, text)
            return
        if body is None:  # the client has gone
            return
        start = time.perf_counter()
        messages = [{"type": "http.request", "body": body}]

        async def replay():
            return messages.pop() if messages else await receive()

        await self.app(scope, replay, counting)
        if path == "/predict":
            self.metrics.seconds.observe(time.perf_counter() - start)

    async def _read(self, scope, receive):
        # A client that is cut off while it sends does not see the answer. So a body
        # above the limit is read to its end and discarded, unless it is far too large.
        most, most_read = self.limits.max_body, 16 * self.limits.max_body
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        if int(announced) > most_read:
            raise TooLarge
        body, n_bytes = bytearray(), 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            n_bytes += len(message.get("body", b""))
            if n_bytes > most_read:
                raise TooLarge
            if n_bytes <= most:
                body += message.get("body", b"")
            if not message.get("more_body", False):
                if n_bytes > most:
                    raise TooLarge
                return bytes(body)


class TooLarge(Exception):  # noqa: N818
    """The body of a request has too many bytes."""


async def respond(send, status, text):
    """Send an error and close the connection without reading the rest of the body."""
    headers = [(b"content-type", b"application/json"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    body = json.dumps({"detail": text}).encode()
    await send({"type": "http.response.body", "body": body})
