"""What somebody may try in the portal: each deed tries it over HTTP and says whether it worked.

A deed takes a browser and the thing that it is tried on, and looks at the effect, not at the
status of the answer; None means that there is nothing to try. `tests/test_rights.py` compares
them with the tables of docs/rights.md.
"""

from tests.deeds import desk, entries, people, places, shared
from tests.deeds.trying import DEEDS, OFFERED, undone

__all__ = ["DEEDS", "OFFERED", "desk", "entries", "people", "places", "shared", "undone"]
