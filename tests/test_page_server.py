"""The page's server over real sockets: who may ask, how much, and what every answer carries."""

import http.client
import json
import os
import random
import re
import signal
import socket
import threading
from contextlib import contextmanager

import pytest
from made_run import made_run, running

from road_clarity.models.errors import BadInput
from road_clarity.service.commands import serve
from road_clarity.service.web.api import Api
from road_clarity.service.web.server import CONNECTIONS, MAX_BODY, PageServer
from road_clarity.service.web.static_files import static_files

EVENT = "0001-corridor-person"
CALL = "/api/call/ExplainFrame"


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    run = made_run(tmp_path_factory.mktemp("served") / "run")
    with running(run) as server:
        page = PageServer(0)
        page.start(Api(server.asked))
        yield int(page.url.rpartition(":")[2].strip("/"))
        page.stop()


@contextmanager
def asked(port, method, path, body=None, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, body, named)
    try:
        yield connection.getresponse()
    finally:
        connection.close()


def status(port, method, path, body=None, **headers):
    with asked(port, method, path, body, **headers) as answer:
        return answer.status


def token(port):
    with asked(port, "GET", "/api/token") as answer:
        return answer.read().decode()


def posted(port, body=None, path=CALL, **headers):
    """As the page itself asks, but for the headers named here."""
    ours = {
        "Content_Type": "application/json", "X_Road_Clarity_Token": token(port),
        "Origin": f"http://127.0.0.1:{port}",
    }  # fmt: skip
    chosen = {name: value for name, value in (ours | headers).items() if value is not None}
    content = json.dumps({"event_id": EVENT}) if body is None else body
    return status(port, "POST", path, content, **chosen)


def test_the_page_and_all_that_it_names_are_served(port):
    with asked(port, "GET", "/") as answer:
        page = answer.read().decode()
    for name in ("page.css", "page.js", "icon.svg"):
        assert f"/static/{name}" in page
        assert status(port, "GET", f"/static/{name}") == 200


def test_every_module_that_is_imported_is_there():
    files = static_files()
    named = [
        name
        for file in files.values()
        for name in re.findall(rb'from "[.]/([a-z_]+[.]js)"', file.content)
    ]
    assert len(named) > 20
    assert {f"/static/{name.decode()}" for name in named} <= set(files)


def test_the_page_names_no_other_machine():
    for path, file in static_files().items():
        others = file.content.replace(b"http://www.w3.org/2000/svg", b"")
        assert b"http:" not in others and b"https:" not in others, path
        assert b"innerHTML" not in others, path


def test_every_answer_carries_the_rules_of_the_page(port):
    for path in ("/", "/api/run", "/api/token", "/nothing", "/static/page.js"):
        with asked(port, "GET", path) as answer:
            policy = answer.headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy and "script-src 'self';" in policy
            assert "frame-ancestors 'none'" in policy and "unsafe" not in policy
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Cache-Control"] == "no-store"
            assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
            assert answer.headers["Access-Control-Allow-Origin"] is None


def test_only_this_machine_can_reach_it(port):
    other_address_of_this_machine = "127.0.0.2"  # would answer if all addresses were listened on
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((other_address_of_this_machine, port), timeout=2).close()


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", 200), ("localhost", 200), ("LOCALHOST:1234", 200), ("[::1]:80", 200),
        ("road.example", 403), ("127.0.0.1.road.example", 403), ("localhost@road.example", 403),
        ("", 403), ("[", 403), ("0.0.0.0", 403),
    ],
)  # fmt: skip
def test_a_name_that_was_pointed_here_is_refused(port, host, expected):
    assert status(port, "GET", "/api/run", Host=host) == expected
    assert status(port, "GET", "/", Host=host) == expected


def test_the_page_itself_may_ask(port):
    assert posted(port) == 200
    assert posted(port, Origin=None) == 200  # a program with the token
    assert posted(port, Host=f"localhost:{port}", Origin=f"http://localhost:{port}") == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"X_Road_Clarity_Token": None}, {"X_Road_Clarity_Token": ""},
        {"X_Road_Clarity_Token": "x" * 43}, {"Origin": "http://road.example"}, {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"}, {"Host": "road.example"},
        {"Host": "road.example", "Origin": "http://road.example"},
    ],
)  # fmt: skip
def test_another_page_may_not_ask(port, headers):
    assert posted(port, **headers) == 403


@pytest.mark.parametrize("kind", [None, "text/plain", "application/x-www-form-urlencoded"])
def test_what_a_form_of_another_page_could_send_is_refused(port, kind):
    assert posted(port, Content_Type=kind) == 400


@pytest.mark.parametrize(
    ("body", "length"), [("x" * (MAX_BODY + 1), None), ("", "-1"), ("", "9" * 30), ("", "x")]
)
def test_a_body_is_bounded_before_it_is_read(port, body, length):
    headers = {} if length is None else {"Content_Length": length}
    assert posted(port, body, **headers) == 400


@pytest.mark.parametrize("body", ["", "{", "[" * 60_000, "\xff", '{"event_id": "\\ud800"}', "NaN"])
def test_a_body_that_is_no_request_is_refused(port, body):
    assert posted(port, body.encode("latin-1")) == 400


@pytest.mark.parametrize(
    "path",
    [
        "/static/../server.py", "/static/%2e%2e/server.py", "/static//page.js", "/static/",
        "/../setup.py", "/static/index.html", "/etc/passwd", "/api/../setup.py", "/api/call",
    ],
)  # fmt: skip
def test_no_path_leads_to_another_file(port, path):
    assert status(port, "GET", path) == 404


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PATCH"])
def test_what_the_page_never_does_is_not_known(port, method):
    with asked(port, method, "/api/run") as answer:
        assert answer.status == 501
        assert json.loads(answer.read())["error"]["code"] == "INVALID_ARGUMENT"


def test_a_head_is_the_answer_without_its_body(port):
    with asked(port, "HEAD", "/") as answer:
        assert (answer.status, answer.read()) == (200, b"")
        assert int(answer.headers["Content-Length"]) > 0


def raw(port, content):
    """What comes back for these bytes."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(content)
        connection.shutdown(socket.SHUT_WR)
        found = b""
        while chunk := connection.recv(4096):
            found += chunk
        return found


def test_noise_gets_an_answer_or_a_farewell_and_the_page_goes_on(port):
    chance = random.Random(1)
    heads = b"GET /api/events?", b"POST /api/call/ExplainFrame HTTP/1.1\r\n", b"", b"GET http://[/ "
    for _ in range(200):
        noise = chance.choice(heads) + chance.randbytes(chance.randrange(80)) + b"\r\n\r\n"
        answer = raw(port, noise)
        assert b" 500 " not in answer.partition(b"\r\n")[0], noise
    assert status(port, "GET", "/api/run") == 200


def test_a_line_that_never_ends_is_cut(port):
    assert b" 414 " in raw(port, b"GET /" + b"a" * 70_000)


def test_who_finds_no_place_is_told_when_to_come_back(port):
    idle = [socket.create_connection(("127.0.0.1", port)) for _ in range(CONNECTIONS)]
    try:
        answers = [raw_or_gone(port) for _ in range(20)]
        assert any(b" 503 " in one and b"Retry-After: 1" in one for one in answers)
    finally:
        for connection in idle:
            connection.close()
    until_free(port)


def raw_or_gone(port):
    try:
        return raw(port, b"")
    except ConnectionError:
        return b""


def until_free(port):
    """The places of those who left are given back soon."""
    for _ in range(200):
        try:
            if status(port, "GET", "/api/run") == 200:
                return
        except (ConnectionError, http.client.HTTPException):
            threading.Event().wait(0.05)
    raise AssertionError("the places were not given back")


def test_the_command_shows_the_page_until_it_is_asked_to_stop(tmp_path, capsys):
    run = made_run(tmp_path / "run", "n")
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    free = PageServer(0)
    there = int(free.url.rpartition(":")[2].strip("/"))
    free.stop()
    seen = []

    def look_and_stop():
        for _ in range(500):
            try:
                seen.append(status(there, "GET", "/"))
                break
            except OSError:
                threading.Event().wait(0.02)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=look_and_stop, daemon=True).start()
    try:
        assert serve(run, address="127.0.0.1:0", web=True, web_port=there) == 0
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert seen == [200]
    assert f"page http://127.0.0.1:{there}/ (this machine only)" in capsys.readouterr().err
    with pytest.raises(ConnectionRefusedError):
        status(there, "GET", "/")


def test_a_port_that_is_taken_is_named(port):
    with pytest.raises(BadInput, match="--web-port"):
        PageServer(port)


def test_a_query_with_too_many_fields_is_refused(port):
    many = "&".join(f"a{number}=1" for number in range(100))
    assert status(port, "GET", f"/api/events?{many}") == 400
