"""The service of examples/service, over HTTP from a process of its own."""

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from numpy.testing import assert_allclose

import sklearn_mtl

ROOT = Path(__file__).resolve().parents[1]
STUB = ROOT / "tests" / "service_stub.py"
SERVE = ROOT / "examples" / "service" / "serve.py"
TEXTS = ["great phone", "awful phone", "great film", "awful film"] * 5
LABELS = {
    "tone": ["good", "bad"] * 10,
    "kind": [1, 1, 2, None] * 5,
    "tags": [["a"], [], ["a", "b"], None] * 5,
}


class Service:
    """A started process, and a client for it."""

    def __init__(self, *arguments, script=STUB, **environment):
        path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
        self.process = subprocess.Popen(
            [sys.executable, "-W", "error", script, *map(str, arguments), "--port=0"],
            env={**os.environ, "PYTHONPATH": path, **environment},
            stderr=subprocess.PIPE,
            text=True,
        )
        self.lines = []
        for line in self.process.stderr:
            self.lines.append(line)
            if found := re.search(r"running on http://127.0.0.1:(\d+)", line):
                self.port = int(found[1])
                break
        else:
            self.process.wait(20)
            self.process.stderr.close()
            raise RuntimeError("".join(self.lines))
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self):
        self.lines.extend(self.process.stderr)

    def stop(self, number=signal.SIGTERM):
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(number)
        code = self.process.wait(20)
        self._reader.join()
        self.process.stderr.close()
        return code

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def ask(self, method, path, body=None, headers=(), timeout=20):
        """Return status, headers and content of a response."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        with contextlib.closing(connection):
            connection.request(method, path, body, {**dict(headers)})
            response = connection.getresponse()
            content = response.read()
        if response.headers["content-type"] == "application/json":
            content = json.loads(content)
        return response.status, response.headers, content

    def predict(self, **question):
        status, _, content = self.ask(
            "POST",
            "/predict",
            json.dumps(question),
            {"content-type": "application/json"},
        )
        return status, content

    def metric(self, name):
        page = self.ask("GET", "/metrics")[2].decode()
        return float(re.search(rf"^{re.escape(name)} (.+)$", page, re.MULTILINE)[1])


@pytest.fixture(scope="module")
def service():
    options = ["--timeout=3", "--max-body=5000", "--max-texts=4", "--max-length=500"]
    with Service("model.mtl", *options, "--max-queue=8", "--max-batch=6") as service:
        yield service


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    clf = sklearn_mtl.MultiTaskTextClassifier(max_iter=2, random_state=0)
    return clf.fit(TEXTS, LABELS)


def test_one_text_or_several(service):
    one = {"labels": {"length": 2, "together": ["n", "1"]}}
    assert service.predict(text="ab") == (200, {"predictions": [one]})
    status, content = service.predict(texts=["a", ""], probabilities=True)
    assert status == 200
    assert [each["labels"]["length"] for each in content["predictions"]] == [1, 0]
    for each in content["predictions"]:
        half = [0.25, 0.75]
        assert each["probabilities"] == {"length": half, "together": half}


def test_other_paths(service):
    assert service.ask("GET", "/health")[::2] == (200, {"status": "ok"})
    schema = service.ask("GET", "/schema")[2]
    assert schema["tasks"] == [
        {"name": "length", "type": "multiclass", "classes": [1, 2]},
        {"name": "together", "type": "multilabel", "classes": ["few", "many"]},
    ]
    assert schema["limits"]["max_texts"] == 4
    assert service.ask("GET", "/elsewhere")[0] == 404
    assert service.ask("GET", "/predict")[0] == 405


def test_metrics_are_in_the_format_of_prometheus(service):
    before = service.metric('mtl_requests_total{path="/schema",status="200"}')
    service.ask("GET", "/schema")
    status, headers, page = service.ask("GET", "/metrics")
    assert (status, headers["content-type"]) == (
        200,
        "text/plain; version=0.0.4; charset=utf-8",
    )
    line = re.compile(
        r"# (HELP mtl_\w+ .+|TYPE mtl_\w+ (counter|gauge|histogram))"
        r'|mtl_\w+(\{\w+="[^"]+"(,\w+="[^"]+")*\})? [\d.e+-]+'
    )
    for each in page.decode().splitlines():
        assert line.fullmatch(each), each
    after = service.metric('mtl_requests_total{path="/schema",status="200"}')
    assert after == before + 1
    assert service.metric("mtl_resident_memory_bytes") > 1e6


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 422),
        (b"{", 422),
        (b"\xff\xfe", 422),
        (b'"text"', 422),
        (b"{}", 422),
        (b'{"text": null}', 422),
        (b'{"text": 1}', 422),
        (b'{"text": "a", "texts": ["a"]}', 422),
        (b'{"text": "a", "more": 1}', 422),
        (b'{"texts": []}', 422),
        (b'{"texts": ["a", null]}', 422),
        (b'{"texts": ["a", "a", "a", "a", "a"]}', 422),
        (b'{"text": "%s"}' % (b"a" * 501), 422),
        (b'{"text": "a", "probabilities": "yes"}', 422),
        (b'{"text": "\\ud800"}', 422),
        (b'{"text": ' + b"[" * 2400 + b"]" * 2400 + b"}", 422),
        (b'{"text": "' + b"a" * 5000 + b'"}', 413),
        (b'{"text": "refuse"}', 422),
    ],
)
def test_bad_requests(service, body, status):
    found, _, content = service.ask(
        "POST", "/predict", body, {"content-type": "application/json"}
    )
    # What is no JSON at all is 400 or 422, by the version of FastAPI.
    assert found == status or (found, status) == (400, 422)
    assert len(json.dumps(content)) < 500
    assert service.predict(text="a")[0] == 200


def test_announced_and_real_size_are_limited(service):
    def pieces():
        for _ in range(20):
            yield b"a" * 1000

    headers = {"content-type": "application/json"}
    assert service.ask("POST", "/predict", pieces(), headers)[0] == 413
    start = b"POST /predict HTTP/1.1\r\nHost: x\r\n"
    with socket.create_connection(("127.0.0.1", service.port), timeout=5) as client:
        client.sendall(start + b"Content-Length: 99999999999\r\n\r\n")
        assert b" 413 " in client.recv(100)
    with socket.create_connection(("127.0.0.1", service.port), timeout=5) as client:
        client.sendall(start + b"Transfer-Encoding: chunked\r\n\r\n")
        chunk = b"3e8\r\n" + b"a" * 1000 + b"\r\n"
        with contextlib.suppress(ConnectionError):
            for _ in range(10_000):  # it never ends
                client.sendall(chunk)
            pytest.fail("all of it was read")


def test_bodies_that_never_end_time_out(service):
    with socket.create_connection(("127.0.0.1", service.port), timeout=8) as client:
        client.sendall(
            b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"
        )
        assert b" 408 " in client.recv(100)


def test_errors_of_the_model_show_nothing(service):
    status, content = service.predict(text="fail")
    assert status == 500
    assert "secret" not in str(content)
    assert service.predict(text="a")[0] == 200


def test_requests_that_wait_are_answered_together(service):
    with ThreadPoolExecutor(4) as pool:
        slow = pool.submit(service.predict, text="sleep 0.5")
        time.sleep(0.2)
        fast = [pool.submit(service.predict, text=text) for text in ("a", "bb")]
        fast.append(pool.submit(service.predict, text="ccc", probabilities=True))
    assert slow.result()[0] == 200
    for length, each in enumerate(fast, 1):
        status, content = each.result()
        assert status == 200
        (found,) = content["predictions"]
        assert found["labels"] == {"length": length, "together": ["n", "3"]}
        assert ("probabilities" in found) == (length == 3)


def test_a_bad_text_does_not_spoil_other_requests(service):
    with ThreadPoolExecutor(4) as pool:
        slow = pool.submit(service.predict, text="sleep 0.5")
        time.sleep(0.2)
        rest = [
            pool.submit(service.predict, text=text) for text in ("a", "refuse", "bb")
        ]
    assert slow.result()[0] == 200
    assert [each.result()[0] for each in rest] == [200, 422, 200]


def test_full_queue_says_503_and_recovers(service):
    with ThreadPoolExecutor(6) as pool:
        slow = pool.submit(service.predict, text="sleep 0.8")
        time.sleep(0.2)
        waiting = [pool.submit(service.predict, texts=["a"] * 4) for _ in range(2)]
        time.sleep(0.2)
        status, headers, _ = service.ask(
            "POST", "/predict", b'{"text": "a"}', {"content-type": "application/json"}
        )
        assert (status, headers["retry-after"]) == (503, "1")
        assert service.metric("mtl_waiting_texts") == 8
        assert service.ask("GET", "/health")[0] == 200
    assert {each.result()[0] for each in [slow, *waiting]} == {200}
    assert service.predict(text="a")[0] == 200
    assert service.metric("mtl_waiting_texts") == 0


def test_answers_that_take_too_long_are_given_up(service):
    with ThreadPoolExecutor(2) as pool:
        slow = pool.submit(service.predict, text="sleep 3.5")
        time.sleep(0.2)
        waiting = pool.submit(service.predict, text="sleep 100")
        assert slow.result()[0] == 504
        assert waiting.result()[0] == 504
    assert service.predict(text="a")[0] == 200


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_what_was_accepted_is_answered_before_the_end(number):
    with Service("model.mtl", "--max-batch=2") as service:
        with ThreadPoolExecutor(8) as pool:
            asked = [
                pool.submit(service.predict, text=f"sleep 0.2{digit}")
                for digit in range(8)
            ]
            time.sleep(0.5)
            code = service.stop(number)
        assert [each.result()[0] for each in asked] == [200] * 8
    assert code in (0, -number)
    assert not any("Traceback" in line for line in service.lines)


def test_clients_get_all_that_is_answered_when_the_end_comes_under_load():
    def ask_on(service):
        connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=20)
        n_answers = 0
        with (
            contextlib.closing(connection),
            contextlib.suppress(ConnectionError),
        ):
            while True:
                connection.request(
                    "POST",
                    "/predict",
                    b'{"text": "sleep 0.001"}',
                    {"content-type": "application/json"},
                )
                response = connection.getresponse()
                assert len(json.loads(response.read())["predictions"]) == 1
                assert response.status == 200
                n_answers += 1
        return n_answers

    with Service("model.mtl") as service:
        with ThreadPoolExecutor(8) as pool:
            clients = [pool.submit(ask_on, service) for _ in range(8)]
            time.sleep(1)
            service.stop()
        n_answers = sum(client.result() for client in clients)
    assert n_answers > 50
    assert service.lines[-1] == f"answered {n_answers}\n"


def test_number_of_connections_is_limited():
    with Service("model.mtl", "--max-connections=3") as service:
        address = ("127.0.0.1", service.port)
        assert service.predict(text="a")[0] == 200
        with socket.create_connection(address), socket.create_connection(address):
            time.sleep(0.2)
            assert service.ask("GET", "/health")[0] == 503
        time.sleep(0.2)
        assert service.ask("GET", "/health")[0] == 200


def test_password_comes_from_the_environment():
    with Service("model.mtl", SKLEARN_MTL_PASSWORD="pässword") as service:
        assert "loaded model.mtl pässword None numpy\n" in service.lines
    with Service("m", "--runtime=torch", SKLEARN_MTL_KEY="00" * 32) as service:
        assert f"loaded m None {bytes(32)} torch\n" in service.lines


@pytest.mark.parametrize(
    ("arguments", "environment", "message"),
    [
        (["broken"], {}, "Cannot serve broken: it is broken"),
        (["x"], {"SKLEARN_MTL_KEY": "zz"}, "must have 64 hexadecimal digits"),
        (["x", "--timeout=0"], {}, "timeout must be more than 0"),
        (["x", "--max-queue=5"], {}, "the queue holds 5"),
    ],
)
def test_bad_starts(arguments, environment, message):
    with pytest.raises(RuntimeError, match=message):
        Service(*arguments, **environment)


def test_load_script(service, tmp_path):
    (tmp_path / "texts.txt").write_text("a\nbb\n\nccc\n")
    done = subprocess.run(
        [
            *(sys.executable, "-W", "error", SERVE.with_name("load_test.py")),
            *(f"http://127.0.0.1:{service.port}", tmp_path / "texts.txt"),
            *("--clients", "2", "--seconds", "0.5", "--texts-a-request", "3"),
        ],
        capture_output=True,
        check=True,
    )
    result = json.loads(done.stdout)
    assert result["n_errors"] == 0
    assert 0 < result["p50_ms"] <= result["p99_ms"] <= result["max_ms"]
    assert result["texts_a_second"] > 3
    assert len(result["memory_mb"]) > 5


@pytest.mark.parametrize("runtime", ["numpy", "torch"])
def test_a_saved_classifier_is_served(model, runtime, tmp_path):
    path = tmp_path / "model.mtl"
    model.save(path, password="secret")
    with pytest.raises(RuntimeError, match=r"Cannot serve .* encrypted"):
        Service(path, script=SERVE)
    with Service(
        path,
        f"--runtime={runtime}",
        script=SERVE,
        SKLEARN_MTL_PASSWORD="secret",
    ) as service:
        status, content = service.predict(texts=TEXTS[:4], probabilities=True)
        schema = service.ask("GET", "/schema")[2]["tasks"]
    assert status == 200
    labels = model.predict(TEXTS[:4], output="dict")
    probabilities = model.predict_proba(TEXTS[:4])
    assert [each["name"] for each in schema] == list(labels)
    for k, task in enumerate(schema):
        name = task["name"]
        found = [each["labels"][name] for each in content["predictions"]]
        assert found == [
            list(each) if name == "tags" else each for each in labels[name].tolist()
        ]
        assert task["classes"] == model.classes_[k].tolist()
        assert_allclose(
            [each["probabilities"][name] for each in content["predictions"]],
            probabilities[k],
            atol=1e-6,
        )
