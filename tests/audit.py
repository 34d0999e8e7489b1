"""Are weaknesses known of what is locked? `python -m tests.audit requirements.txt …` asks.

It ends with 1 if so, and with 75 (sysexits: try again later) if nobody could be asked.
PIP_AUDIT_OSV_URL names others than api.osv.dev to be asked.
"""

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import shorten

PIP_AUDIT = Path(sys.executable).parent / "pip-audit"
NOT_CHECKED = 75
# Seconds for an answer, and for all of them: each package is asked for by itself.
A_MOMENT, AT_MOST = 10, 120
# Known to have weaknesses. Mirrors and filters that know of none say that all is well.
WEAK = "django==3.2"


class NobodyToAsk(Exception):
    pass


def weaknesses(*files):
    """Give what is known of the packages in requirements files: {"name version": [ids]}."""
    with TemporaryDirectory() as folder:
        answer = Path(folder) / "answer.json"
        command = [PIP_AUDIT, "--vulnerability-service=osv", "--disable-pip", "--no-deps"]
        command += ["--progress-spinner=off", f"--timeout={A_MOMENT}"]
        command += ["--format=json", f"--output={answer}"]
        command += [f"--requirement={file}" for file in files]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=AT_MOST)
        except subprocess.TimeoutExpired as error:
            raise NobodyToAsk(f"no answer within {AT_MOST} seconds") from error
        text = answer.read_text() if answer.exists() else ""
    if not text:
        raise NobodyToAsk(shorten(done.stderr.strip().rpartition("\n")[2], 110))
    packages = json.loads(text)["dependencies"]
    if passed_by := [package["name"] for package in packages if "vulns" not in package]:
        raise NobodyToAsk(f"nothing is known of {', '.join(passed_by)}")
    return {
        f"{package['name']} {package['version']}": [found["id"] for found in package["vulns"]]
        for package in packages
    }


def main(files):
    try:
        with TemporaryDirectory() as folder:
            weak = Path(folder) / "weak.txt"
            weak.write_text(WEAK)
            if not any(weaknesses(weak).values()):
                raise NobodyToAsk(f"who was asked knows no weakness of {WEAK}")
        known = weaknesses(*files)
    except NobodyToAsk as error:
        print(error)
        return NOT_CHECKED
    for package, found in known.items():
        if found:
            print(f"{package}: {', '.join(found)}")
    return int(any(known.values()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
