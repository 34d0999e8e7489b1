"""Measure how many requests the portal answers in a second, on a filled PostgreSQL database.

DATABASE_URL=… python -m benchmarks.speed var/result.json

gunicorn serves as in operation (deploy/gunicorn.conf.py), two workers, no proxy; `wrk` asks on the
same machine. The bare view, alone and behind the portal's middleware, is asked between the pages,
round by round, so that what the machine does besides falls on all alike. Then the file of all
organisations beside COPY of the same rows, what two workers hold after all that, and how soon a
server answers that is started.
"""

import http.client
import json
import os
import re
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from time import perf_counter as now
from typing import NamedTuple

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "localympact.settings")
if __name__ == "__main__":
    django.setup()

from django.db import connection  # noqa: E402

from benchmarks.corpus import READER, say  # noqa: E402
from benchmarks.serving import (  # noqa: E402
    CONNECTIONS,
    PATIENCE,
    ROUNDS,
    SECONDS,
    Timing,
    serving,
    taken,
)
from organizations.exports import OrganizationResource  # noqa: E402
from organizations.models import Organization  # noqa: E402

GUNICORN = [sys.executable, "-m", "gunicorn", "--config", "deploy/gunicorn.conf.py"]
GUNICORN += ["--workers", "2", "--bind", "127.0.0.1:{port}"]
BARE = "django.core.wsgi:get_wsgi_application()"
ALIVE, START, LIST = "/healthz", f"/{READER}/", f"/{READER}/organizations/"
FILE = f"{LIST}export.csv"
COLD_STARTS, FILES = 5, 3
COMPILED = Path("var/bench/compiled")
# So many organisations are asked for in turn: none is the one that was asked just now.
DETAILS = 500
# What wrk is told: to ask for the addresses of a file in turn.
IN_TURN = """
local addresses, at = {}, 0
function init(arguments)
  for line in io.lines(arguments[1]) do addresses[#addresses + 1] = line end
end
function request()
  at = at % #addresses + 1
  return wrk.format("GET", addresses[at])
end
"""


class Row(NamedTuple):
    """What is asked for, of which server, and what the request says besides."""

    server: str
    address: str
    # Whether many addresses are asked in turn instead, the one of each organisation.
    details: bool = False
    headers: dict = {}
    status: int = 200


def main(result_file):
    if connection.vendor != "postgresql":
        sys.exit("Requests a second are measured on PostgreSQL.")
    folder = result_file.parent
    slugs = Organization.objects.published().order_by("-pk").values_list("slug", flat=True)
    details = [f"{LIST}{slug}/" for slug in slugs[:DETAILS]]
    (folder / "details.txt").write_text("\n".join(details))
    (folder / "in_turn.lua").write_text(IN_TURN)
    result = {"load": os.getloadavg(), "details": len(details)}
    # Before the bare view says how quick the machine is, nothing of the portal is in its way.
    result["cold"] = cold_starts()
    result["rates"] = rates(folder, details[0])
    result |= file_and_memory(folder, details[0])
    result_file.write_text(json.dumps(result, indent=1))


def portal(**environment):
    """Start the portal as in operation: compiled, as `make install` leaves it."""
    usual = {"DEBUG": "false", "HTTPS": "off", "LOG_REQUESTS": "off", "ALLOWED_HOSTS": "127.0.0.1"}
    compiled = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(COMPILED.absolute())}
    return serving(GUNICORN, ALIVE, **usual | compiled | environment)


def bare(settings):
    """Start the bare view with some settings."""
    environment = {"DJANGO_SETTINGS_MODULE": settings, "ALLOWED_HOSTS": "127.0.0.1"}
    return serving([*GUNICORN, BARE], START, PAGES_KEPT="0", **environment)


def rates(folder, detail):
    """Give the requests a second of each row, round by round."""
    with ExitStack() as stack:
        servers = {
            name: stack.enter_context(server)
            for name, server in {
                "bare": bare("benchmarks.bare"),
                "within": bare("benchmarks.bare_within"),
                "computing": portal(PAGES_KEPT="0"),
                "keeping": portal(),
            }.items()
        }
        has_it = {"If-None-Match": etag(servers["keeping"], detail)}
        rows = {
            "bare": Row("bare", START),
            "within": Row("within", START),
            "start": Row("computing", START),
            "detail": Row("computing", detail, details=True),
            "list": Row("computing", LIST),
            "start-kept": Row("keeping", START),
            "detail-kept": Row("keeping", detail),
            "list-kept": Row("keeping", LIST),
            "unchanged": Row("keeping", detail, headers=has_it, status=304),
        }
        sizes = {}
        for name, row in rows.items():
            sizes[name] = look(name, servers[row.server], row)
            load(folder, servers[row.server], row, 1)
        found = {name: [] for name in rows}
        for _ in range(ROUNDS):
            for name, row in rows.items():
                found[name].append(load(folder, servers[row.server], row, SECONDS))
    for name, rounds in found.items():
        say(f"{name}: {', '.join(f'{rate:,.0f}' for rate in rounds)} requests/s")
    return {name: Timing.of(rounds, sizes[name]) for name, rounds in found.items()}


def load(folder, server, row, seconds):
    """Give the requests a second that a server answers; end where one of them fails."""
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout", "30s"]
    for name, value in row.headers.items():
        command += ["-H", f"{name}: {value}"]
    address = f"http://127.0.0.1:{server.port}{row.address}"
    if row.details:
        command += ["-s", folder / "in_turn.lua", address, "--", folder / "details.txt"]
    else:
        command.append(address)
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603
    if "Non-2xx" in told or "Socket errors" in told:
        sys.exit(f"{row.address}:\n{told}")
    return float(re.search(r"Requests/sec:\s*([\d.]+)", told)[1])


def look(name, server, row):
    """Give how long an answer is; end where its status is not the one that is to be measured."""
    status, _headers, body = ask(server, row.address, row.headers)
    if status != row.status:
        sys.exit(f"{name}: {row.address}: {status}")
    say(f"{name}: {row.address}, {len(body):,} bytes")
    return len(body)


def etag(server, address):
    """Give the ETag that a page has now."""
    return ask(server, address)[1]["ETag"]


def ask(server, address, headers=None):
    """Give (status, headers, body) of an answer."""
    asking = http.client.HTTPConnection("127.0.0.1", server.port, PATIENCE)
    asking.request("GET", address, headers=headers or {})
    answer = asking.getresponse()
    found = answer.status, answer.headers, answer.read()
    asking.close()
    return found


def file_and_memory(folder, detail):
    """Give how long the file of everything takes, COPY beside it, and the memory after all."""
    with portal() as server:
        for row in (Row("", START), Row("", detail, details=True), Row("", LIST)):
            load(folder, server, row, SECONDS)
        files = [taken(server, FILE) for _ in range(FILES)]
        memory = server.memory()
    copies = [copy_of_all() for _ in range(FILES)]
    seconds, sizes = zip(*files, strict=True)
    result = {"file": Timing.of(seconds, sizes[-1])}
    seconds, sizes = zip(*copies, strict=True)
    result["copy"] = Timing.of(seconds, sizes[-1])
    result["memory"] = memory
    say(f"CSV: {result['file'].median:.1f} s, COPY: {result['copy'].median:.1f} s")
    say(f"two workers: {sum(mine for _resident, mine in memory)} MB")
    return result


def copy_of_all():
    """Give (seconds, bytes) of COPY of the same rows and columns, as they are and in no order."""
    resource, aliases = OrganizationResource(base="http://127.0.0.1/"), {}
    for column in resource.columns:
        aliases |= column.aliases(resource)
    queryset = Organization.objects.published().rewrite(False).order_by().alias(**aliases)
    values = [column.value(resource) for column in resource.columns]
    sql, params = queryset.values_list(*values).query.sql_with_params()
    start, size = now(), 0
    with connection.cursor() as cursor:
        command = cursor.mogrify(f"COPY ({sql}) TO STDOUT", params)
        with cursor.copy(command) as rows:
            for row in rows:
                size += len(row)
    return now() - start, size


def cold_starts():
    """Give the seconds from the start of gunicorn until it is alive, and until a first page."""
    alive, first = [], []
    # The first one compiles, and makes what is kept on the disk.
    with portal() as server:
        ask(server, START)
    for _ in range(COLD_STARTS):
        start = now()
        with portal() as server:
            alive.append(now() - start)
            if ask(server, START)[0] != 200:
                sys.exit(f"{START} does not answer.")
            first.append(now() - start)
    say(f"cold start: {max(alive):.1f} s until alive, {max(first):.1f} s until the first page")
    return {"alive": Timing.of(alive), "start": Timing.of(first)}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
