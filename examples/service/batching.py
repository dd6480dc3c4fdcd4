"""Micro-batching: requests that wait at the same time are predicted together.

One thread runs the model, one batch at a time. Requests that arrive meanwhile wait in
a bounded queue and become the next batch. So batches grow with the load, and a single
request does not wait for others.
"""

import asyncio
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass


class QueueFull(Exception):  # noqa: N818
    """The queue is full; try again later."""


@dataclass
class Job:
    """The texts of a request, and the future for its answers."""

    texts: list
    with_probabilities: bool
    answers: asyncio.Future


class Batcher:
    """Answers requests in batches.

    Parameters
    ----------
    answer : callable
        ``answer(texts, with_probabilities)`` returns a list with an answer for each
        text. Runs on a separate thread, one call at a time.

    max_batch : int
        Texts per batch. A request with more is a batch of its own.

    max_queue : int
        Waiting texts.

    wait : float
        Seconds that the first text of a batch waits for others. 0 is best unless the
        model is much faster per text on larger batches.

    observe : callable
        Called with the number of texts of each batch.
    """

    def __init__(self, answer, *, max_batch, max_queue, wait=0, observe=lambda n: None):
        self._answer, self._observe = answer, observe
        self._max_batch, self._max_queue, self._wait = max_batch, max_queue, wait
        self._jobs = deque()
        self._arrived = asyncio.Event()
        self._is_closing = False
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="model")
        self._task = None
        self.n_waiting = 0

    def start(self):
        """Start answering; needs a running event loop."""
        self._task = asyncio.create_task(self._run())

    @property
    def is_running(self):
        """Whether requests are answered."""
        return self._task is not None and not self._task.done()

    async def submit(self, texts, with_probabilities=False):
        """Return the answers for texts.

        If the caller is cancelled while the texts wait, they are dropped.

        Raises
        ------
        QueueFull
            At once, if too many texts wait.
        """
        if self._is_closing or self.n_waiting + len(texts) > self._max_queue:
            raise QueueFull
        answers = asyncio.get_running_loop().create_future()
        self._jobs.append(Job(texts, with_probabilities, answers))
        self.n_waiting += len(texts)
        self._arrived.set()
        return await answers

    async def close(self):
        """Answer all waiting requests, and stop."""
        self._is_closing = True
        self._arrived.set()
        if self._task is not None:
            await self._task
        self._pool.shutdown()

    async def _run(self):
        while True:
            while not self._jobs:
                if self._is_closing:
                    return
                self._arrived.clear()
                await self._arrived.wait()
            if self._wait and not self._is_closing and self.n_waiting < self._max_batch:
                await asyncio.sleep(self._wait)
            if batch := self._take():
                await self._answer_all(batch)

    def _take(self):
        """Take as many requests off the queue as fit into a batch."""
        batch, n_texts = [], 0
        while self._jobs:
            size = len(self._jobs[0].texts)
            if batch and n_texts + size > self._max_batch:
                break
            job = self._jobs.popleft()
            self.n_waiting -= size
            if not job.answers.done():  # its request may have timed out
                batch.append(job)
                n_texts += size
        return batch

    async def _answer_all(self, batch):
        texts = [text for job in batch for text in job.texts]
        with_probabilities = any(job.with_probabilities for job in batch)
        try:
            answers = await asyncio.get_running_loop().run_in_executor(
                self._pool, self._answer, texts, with_probabilities
            )
        except Exception as error:
            if len(batch) == 1:
                if not batch[0].answers.done():
                    batch[0].answers.set_exception(error)
                return
            # One request must not affect the others: predict each alone.
            for job in batch:
                await self._answer_all([job])
            return
        self._observe(len(texts))
        place = 0
        for job in batch:
            own = answers[place : place + len(job.texts)]
            place += len(job.texts)
            if not job.answers.done():
                job.answers.set_result(own)
