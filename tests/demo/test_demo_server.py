from __future__ import annotations

import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import requests

from harvester.demo.server import Servers, serve
from harvester.demo.world import World

LANTERN = "/repos/wren-hollow/lantern"


def test_every_service_has_its_own_loopback_address(servers: Servers) -> None:
    urls = {service.url for service in servers.named().values()}
    assert len(urls) == 4
    assert all(url.startswith("http://127.0.0.1:") for url in urls)


def test_connections_are_kept_alive(servers: Servers, http: requests.Session) -> None:
    with http.get(servers.github.url + LANTERN, stream=True) as first:
        port = first.raw.connection.sock.getsockname()[1]
        assert first.json()
    with http.get(f"{servers.github.url}{LANTERN}/issues", stream=True) as second:
        assert second.raw.connection.sock.getsockname()[1] == port
        assert second.json()


def test_nothing_runs_after_the_end_even_with_clients_connected(world: World) -> None:
    before = set(threading.enumerate())
    with requests.Session() as session:
        session.headers["Authorization"] = "Bearer demo"
        with serve(world) as servers:
            session.get(servers.github.url + LANTERN)
        assert set(threading.enumerate()) <= before


def test_latency_delays_every_answer_but_not_one_another(servers: Servers) -> None:
    servers.github.latency = 0.2
    started = time.monotonic()
    with ThreadPoolExecutor(20) as pool:
        statuses = list(
            pool.map(lambda _: requests.get(servers.github.url + LANTERN, timeout=9).status_code, range(20))
        )
    assert statuses == [200] * 20
    assert 0.2 <= time.monotonic() - started < 2
    assert 1 < servers.github.busiest <= 20


def test_closing_does_not_wait_for_latency(world: World) -> None:
    with serve(world, latency=60) as servers:
        url = servers.github.url + LANTERN
        client = threading.Thread(target=lambda: requests.get(url, timeout=30), daemon=True)
        client.start()
        while not servers.github.busiest:
            time.sleep(0.01)
        started = time.monotonic()
    client.join(5)
    assert time.monotonic() - started < 5


def test_world_may_change_while_it_is_read(world: World, servers: Servers) -> None:
    def read(_: int) -> int:
        return requests.get(
            f"{servers.github.url}{LANTERN}/issues", headers={"Authorization": "token demo"}, timeout=9
        ).status_code

    with ThreadPoolExecutor(4) as pool:
        answers = [pool.submit(read, n) for n in range(40)]
        for _ in range(40):
            world.comment(world.open_issue(world.repos[0], None), world.person)
        assert {answer.result() for answer in answers} == {200}


def test_by_hand_it_prints_its_addresses_and_stops_quietly() -> None:
    command = [sys.executable, "-W", "error", "-m", "harvester.demo.server", "--today", "2026-11-24"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(5)]
    addresses = dict(line.split() for line in lines[:4])
    assert requests.get(f"{addresses['blog']}/rss.xml", timeout=9).status_code == 200
    process.send_signal(2)
    _, errors = process.communicate(timeout=10)
    assert (process.returncode, errors) == (0, "")
