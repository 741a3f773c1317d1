"""`ganzoo watch`: what its server tells, and what it refuses."""

from __future__ import annotations

import base64
import http.client
import json
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy
import pytest
from ganzoo_web.pages.problems import PageError
from ganzoo_web.trainings.server import TrainingServer
from safetensors.numpy import load_file

import commands
import ganzoo
from plane_runs import copied, cut, make_run, running
from rolls import rolls_offered, rolls_run


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Path:
    return make_run(tmp_path_factory.mktemp("runs") / "ring")


@pytest.fixture
def serve() -> Iterator[Callable[..., TrainingServer]]:
    servers = []

    def start(*folders: Path, **options: object) -> TrainingServer:
        server = TrainingServer(folders, **options)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def ask(
    server: TrainingServer, target: str, *, method: str = "GET", host: str | None = None
) -> tuple[int, http.client.HTTPMessage, bytes]:
    port = server.server_address[1]
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.putrequest(method, target, skip_host=True)
    if host is None:
        host = f"127.0.0.1:{port}"
    if host:
        connection.putheader("Host", host)
    connection.endheaders()
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response.status, response.headers, body


def told(server: TrainingServer, have: str = "") -> dict:
    status, _, body = ask(server, f"/runs.json?have={have}")
    assert status == 200
    return json.loads(body)


def test_it_tells_everything_at_first_and_then_what_is_new(serve, trained, tmp_path):
    run = copied(trained, tmp_path / "run")
    later = cut(run / "metrics.jsonl", 7)
    server = serve(run)
    (first,) = told(server)["runs"]
    assert (first["name"], first["state"], first["of"], first["seed"]) == (
        "run",
        "finished",
        160,
        0,
    )
    assert [row["images"] for row in first["rows"]] == [16, 32, 48, 64, 80, 96, 112]
    assert first["settings"]["recipe.loss.name"] == "ganzoo/non-saturating"
    assert first["pictures"] == [32, 64, 96, 128, 160]
    assert first["scenes"] == [0, 16, 32, 64, 96, 128, 160]
    assert [event["event"] for event in first["events"]][::11] == ["started", "finished"]
    have = f"7.112.{len(first['events'])}"
    (same,) = told(server, have)["runs"]
    assert (same["from"], same["rows"], same["events"]) == (7, [], [])
    assert "settings" not in same
    with (run / "metrics.jsonl").open("a") as file:
        file.writelines(later[:2])
    (more,) = told(server, have)["runs"]
    assert (more["from"], [row["images"] for row in more["rows"]]) == (7, [128, 144])


def test_it_tells_what_is_heard(trained, tmp_path):
    with rolls_offered():
        run = rolls_run(trained, tmp_path / "rolls")
        with TrainingServer([run]) as server:
            assert json.loads(server.answer("/runs.json")[1])["runs"][0]["heard"] == [32, 160]
            heard = json.loads(server.answer("/heard/0/32")[1])
            assert heard["view"]["form"] == "notes" and heard["shape"] == [2, 16, 24]
            assert server.answer("/heard/0/64") is None
            (run / "samples" / f"{160:012d}.npz").write_bytes(b"PK")
            with pytest.raises(OSError, match="is damaged"):
                server.answer("/heard/0/160")


def test_rows_that_were_cut_are_told_again(serve, trained, tmp_path):
    run = copied(trained, tmp_path / "run")
    server = serve(run)
    cut(run / "metrics.jsonl", 4)
    (again,) = told(server, "10.160.3")["runs"]
    assert (again["from"], len(again["rows"])) == (0, 4)
    (rolled_back,) = told(server, "4.63.3")["runs"]
    assert rolled_back["from"] == 0


def test_a_row_under_way_waits(serve, trained, tmp_path):
    run = copied(trained, tmp_path / "run")
    with (run / "metrics.jsonl").open("a") as file:
        file.write('{"images": 176, "gener')
    assert len(told(serve(run))["runs"][0]["rows"]) == 10


def test_a_run_that_trains_is_running(serve, trained, tmp_path):
    run = copied(trained, tmp_path / "run")
    with running(run):
        assert told(serve(run))["runs"][0]["state"] == "running"


def test_seeds_that_begin_later_join(serve, trained, tmp_path):
    copied(trained, tmp_path / "many" / "seed-1")
    server = serve(tmp_path / "many")
    assert [run["name"] for run in told(server)["runs"]] == ["seed-1"]
    copied(trained, tmp_path / "many" / "seed-0")
    both = told(server, "10.160.3")
    assert [run["name"] for run in both["runs"]] == ["seed-1", "seed-0"]
    assert both["runs"][0]["rows"] == [] and both["differences"] == {}


def test_grids_are_sent_as_they_are(serve, trained):
    status, headers, body = ask(serve(trained), "/picture/0/64?turn=1")
    assert (status, headers["Content-Type"]) == (200, "image/png")
    assert body == (trained / "samples" / f"{64:012d}.png").read_bytes()


def test_scenes_keep_their_numbers(serve, trained):
    status, _, body = ask(serve(trained), "/scene/0/64")
    scene, there = json.loads(body), load_file(ganzoo.Run(trained).scenes[3])
    assert status == 200 and scene.keys() == there.keys()
    numpy.testing.assert_allclose(scene["region"], there["region"])
    for name in ("heat", "mesh", "push", "real_scores"):
        steps = numpy.frombuffer(base64.b64decode(scene[name]["data"]), "<i2")
        expected = there[name].ravel()
        most = numpy.abs(expected).max()
        numpy.testing.assert_allclose(steps * scene[name]["scale"], expected, atol=most / 32767)


def test_a_scene_that_is_cut_short_is_reported(serve, trained, tmp_path):
    run = copied(trained, tmp_path / "run")
    path = ganzoo.Run(run).scenes[3]
    path.write_bytes(path.read_bytes()[:100])
    status, _, body = ask(serve(run), "/scene/0/64")
    assert status == 503 and "is damaged" in json.loads(body)["problem"]


@pytest.mark.parametrize(
    "target",
    [
        "/config.json",
        "/samples/000000000064.png",
        "/../config.json",
        "/picture/0/../../config.json",
        "/picture/0/%2e%2e%2fconfig",
        "/picture/9/64",
        "/picture/0/65",
        "/scene/0/000000000064.safetensors",
        "/page.js/..",
        "//etc/passwd",
        "http://elsewhere.example/",
    ],
)
def test_nothing_else_is_there(serve, trained, target):
    status, _, body = ask(serve(trained), target)
    assert (status, body) == (404, b"there is nothing here\n")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_nothing_can_be_changed(serve, trained, method):
    assert ask(serve(trained), "/runs.json", method=method)[0] == 405


@pytest.mark.parametrize(
    "host", ["", "elsewhere.example:{}", "127.0.0.1", "127.0.0.1:1", "a:b", "192.168.0.7:{}"]
)
def test_another_host_is_refused(serve, trained, host):
    """A stranger's page whose name was made to lead here sends that name."""
    server = serve(trained)
    status, _, body = ask(server, "/runs.json", host=host.format(server.server_address[1]))
    assert (status, body) == (421, b"this is not that host\n")


def test_localhost_is_this_host(serve, trained):
    server = serve(trained)
    assert ask(server, "/", host=f"LOCALHOST:{server.server_address[1]}")[0] == 200


def test_who_asks_for_others_is_reached_by_address_and_not_by_strangers_names(serve, trained):
    server = serve(trained, host="0.0.0.0")
    port = server.server_address[1]
    assert ask(server, "/", host=f"192.168.0.7:{port}")[0] == 200
    assert ask(server, "/", host=f"{socket.gethostname()}:{port}")[0] == 200
    assert ask(server, "/", host=f"elsewhere.example:{port}")[0] == 421


def test_answers_may_not_be_read_or_framed_by_other_pages(serve, trained):
    status, headers, body = ask(serve(trained), "/", method="HEAD")
    assert (status, body) == (200, b"")
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "Access-Control-Allow-Origin" not in headers


def test_it_serves_the_loopback_unless_asked(serve, trained):
    assert serve(trained).server_address[0] == "127.0.0.1"


def test_a_port_that_is_taken_is_one_line(serve, trained):
    port = serve(trained).server_address[1]
    with pytest.raises(PageError, match=rf"port {port} of 127.0.0.1 cannot be used: .*--port"):
        TrainingServer([trained], port=port)


def test_too_many_runs_are_refused(trained, tmp_path):
    for number in range(25):
        folder = tmp_path / f"run-{number}"
        (folder / "export").mkdir(parents=True)
        (folder / "config.json").write_bytes((trained / "config.json").read_bytes())
    with pytest.raises(PageError, match="contains 25 runs, and a page shows 24"):
        TrainingServer([tmp_path])


def test_a_run_that_is_not_there_or_empty_is_one_line(tmp_path, capsys):
    assert commands.ganzoo("watch", tmp_path / "none") == 2
    assert "there is no folder" in capsys.readouterr().err
    assert commands.ganzoo("watch", tmp_path) == 2
    assert "contains no run; give the --out of a training" in capsys.readouterr().err


def test_ctrl_c_ends_it_cleanly(trained):
    words = [sys.executable, "-m", "ganzoo", "watch", str(trained)]
    pipe = subprocess.PIPE
    # in the background of a script, processes begin with Ctrl-C switched off
    keys = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    with subprocess.Popen(words, stdout=pipe, stderr=pipe, text=True, preexec_fn=keys) as process:
        line = process.stdout.readline()
        port = int(re.fullmatch(r"http://127\.0\.0\.1:(\d+)/  \(Ctrl-C ends it\)\n", line)[1])
        with socket.create_connection(("127.0.0.1", port), timeout=20):
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 0
        assert process.stderr.read().strip() == ""
