"""Many rows at once: asked for by one parameter, or locked."""

import json

from django.db.models.expressions import RawSQL


class Among(RawSQL):
    """Numbers or words as a sub-query with one parameter, for `__in`: however many there are."""

    def __init__(self, values, of="bigint"):
        self.values, self.of = values, of
        super().__init__("", ())

    def as_sqlite(self, compiler, connection):
        return "(SELECT value FROM json_each(%s))", [json.dumps(list(self.values))]

    def as_postgresql(self, compiler, connection):
        return f"(SELECT unnest(%s::{self.of}[]))", [list(self.values)]

    def __hash__(self):
        return id(self)


def locked(model, pks):
    """Lock rows until the transaction ends, in one order; give the keys of those that are there.

    Read them after it. While it waits for a row PostgreSQL does not look again at what is joined
    to it, and leaves out a row that was joined to something else.
    """
    rows = model._base_manager.filter(pk__in=Among(pks)).order_by("pk")
    return list(rows.select_for_update(no_key=True).values_list("pk", flat=True))
