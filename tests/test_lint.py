"""What `make lint` says of the packages that are locked."""

import json
import re
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from django.conf import settings

from tests.audit import NOT_CHECKED

pytestmark = pytest.mark.any_engine

LOCKED = "anyascii==0.3.3 --hash=sha256:" + 64 * "0"
WEAKNESS = {"id": "PYSEC-1", "affected": [], "summary": "Reads what it should not."}


@pytest.fixture
def audit(tmp_path, monkeypatch):
    """Give a function that audits LOCKED; a server is asked that knows some packages to be weak."""

    def run(*weak):
        class Osv(BaseHTTPRequestHandler):
            def do_POST(self):
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                known = asked["package"]["name"] in weak
                answer = json.dumps({"vulns": [WEAKNESS]} if known else {}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *args):
                pass

        (tmp_path / "locked.txt").write_text(LOCKED)
        with ThreadingHTTPServer(("127.0.0.1", 0), Osv) as server:
            Thread(target=server.serve_forever, daemon=True).start()
            monkeypatch.setenv("PIP_AUDIT_OSV_URL", f"http://127.0.0.1:{server.server_port}/")
            answer = asked(tmp_path / "locked.txt")
            server.shutdown()
        return answer

    return run


def asked(file):
    done = subprocess.run(
        [sys.executable, "-m", "tests.audit", file],
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout.strip()


def test_audit_fails_when_a_weakness_is_known(audit):
    assert audit("django", "anyascii") == (1, "anyascii 0.3.3: PYSEC-1")


def test_audit_passes_when_none_is_known(audit):
    assert audit("django") == (0, "")


def test_audit_does_not_believe_who_knows_no_weakness_at_all(audit):
    status, said = audit()
    assert status == NOT_CHECKED
    assert said == "who was asked knows no weakness of django==3.2"


def test_audit_says_that_nobody_could_be_asked(monkeypatch):
    monkeypatch.setenv("PIP_AUDIT_OSV_URL", "http://127.0.0.1:1/")
    status, said = asked("requirements.txt")
    assert status == NOT_CHECKED
    assert "127.0.0.1" in said


def test_bill_of_materials_names_all_that_is_locked_and_is_always_the_same(tmp_path):
    file = tmp_path / "sbom.json"
    subprocess.run([settings.BASE_DIR / "tests" / "run", "sbom", file], check=True)
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(file.read_text()) is None
    bill = json.loads(file.read_text())
    assert bill["metadata"]["component"]["name"] == "localympact"
    assert "serialNumber" not in bill
    assert "timestamp" not in bill["metadata"]
    locked = (settings.BASE_DIR / "requirements.txt").read_text()
    assert [(package["name"], package["version"]) for package in bill["components"]] == re.findall(
        r"^([^\s=]+)==(\S+)", locked, re.MULTILINE
    )
