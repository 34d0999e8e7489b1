"""A file that somebody brought: what it would do, and doing exactly that.

`check` and `bring_in` are generators: they yield (rows done, rows in all) while they work, so that
a page can show it. A generator that is closed early, as when a connection breaks, leaves nothing.
"""

import io

from django.contrib.admin.models import CHANGE, LogEntry
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from collaborations.exports import CollaborationResource
from localympact.afterwards import saved_many
from localympact.imports import Import
from localympact.models import ImportedFile
from needs.exports import NeedResource
from organizations import duplicates
from organizations.exports import OrganizationResource
from organizations.models import TextState
from organizations.origins import translation_fields

RESOURCES = {
    "organizations": OrganizationResource,
    "collaborations": CollaborationResource,
    "needs": NeedResource,
}
PROGRESS_EVERY = 100
# So many entries are compared at once with all names of their municipalities.
MANY = 5000
# More of one text is not shown beside its new form.
SHOWN = 2000
# So many entries that may be the same as a new one are shown, those with most in common.
MOST_ALIKE = 5
State = ImportedFile.State


class Report:
    """What a file would do, for the page that shows it before anything happens; plain JSON.

    Messages are in the language of the person who checks.
    """

    def __init__(self, task):
        self.task = task
        self.lists = {"wrong": [], "duplicates": [], "changed": [], "new": []}

    def add(self, row):
        """Note what becomes of a row."""
        match row.outcome:
            case "wrong":
                self.lists["wrong"] += [
                    [row.number, problem.column or "", shown(problem.message)]
                    for problem in row.problems
                ]
            case "changed":
                cells = [[name, shown(one), shown(other)] for name, one, other in row.changed]
                self.lists["changed"].append(
                    [row.number, row.instance.pk, shown(row.instance), cells]
                )
            case "new":
                place = str(row.instance.municipality or "")
                self.lists["new"].append([row.number, shown(row.instance), place])
                if row.possible:
                    others = [self.other(*pair) for pair in row.possible[:MOST_ALIKE]]
                    self.lists["duplicates"].append([row.number, shown(row.instance), others])

    def other(self, entry, reasons):
        """Give what this person may know of an entry that may be the same."""
        places = self.task.places
        mine = places is None or entry.municipality_id in places
        return {
            "pk": entry.pk if mine else None,
            "uuid": str(entry.uuid) if entry.is_published else None,
            "name": str(entry) if mine or entry.is_published else None,
            "place": str(entry.municipality or ""),
            "reasons": [str(reason.label) for reason in reasons],
        }

    def data(self):
        """Give the whole report."""
        return {"counts": dict(self.task.counts), "digest": self.task.digest} | self.lists


def shown(text):
    """Give a text as a report has it: not too long, and without what JSON cannot hold."""
    text = str(text).replace("\x00", "␀")
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def recognised(task):
    """Give what was recognised in the file, for the person to see."""
    table = task.table
    return {
        "format": table.format,
        "encoding": table.encoding,
        "separator": table.separator,
        "others": [shown(title) for title in table.others],
        "samples": [shown(word) for word in table.samples],
    }


def work(task, report):
    """Run an import; yield the progress."""
    total = task.table.count()
    for done, row in enumerate(task.run(), start=1):
        report.add(row)
        if done % PROGRESS_EVERY == 0:
            yield done, max(done, total)


def task_of(file, user, **options):
    """Give the import of the file that somebody brought."""
    return Import(
        RESOURCES[file.database](staff=True),
        io.BytesIO(file.content),
        user=user,
        **options,
    )


def check(pk, user, *, language, encoding=None):
    """Find out what a file would do, and keep it in its report; yield the progress.

    `encoding` is what the person chose, if anything; `language` is the person's.
    """
    waiting = ImportedFile.objects.filter(pk=pk, state=State.CHECKED)
    file = waiting.first()
    if file is None:
        return
    task = task_of(
        file,
        user,
        dry_run=True,
        encoding=encoding,
        language=language,
        possible=duplicates.possible_many,
    )
    report = Report(task)
    try:
        yield from work(task, report)
        found = report.data() | {"table": recognised(task)}
    except ValidationError as error:
        found = {"unreadable": [shown(message) for message in error.messages]}
        if "table" in vars(task):
            found["table"] = recognised(task)
        elif encoding:
            found["table"] = {"format": "csv", "encoding": encoding}
    waiting.update(report=found)


def may_be_imported(file):
    """Say whether a file was checked, nothing in it is wrong, and it would do something."""
    counts = file.report.get("counts", {})
    does_something = counts.get("new") or counts.get("changed")
    waits = file.state == State.CHECKED
    return bool(waits and does_something and not counts.get("wrong"))


def bring_in(pk, user):
    """Import a file as it was checked, or not at all; yield the progress.

    Where it would do something else by now, its report says so instead.
    """
    with transaction.atomic():
        # Whoever presses the button twice waits here, and then finds it done.
        file = ImportedFile.objects.select_for_update().filter(pk=pk).first()
        if file is None or not may_be_imported(file):
            return
        task = task_of(
            file,
            user,
            encoding=file.report["table"]["encoding"],
            record=file,
            expected=file.report["digest"],
            settle=settling(file),
        )
        report = Report(task)
        yield from work(task, report)
        if task.saved:
            note_duplicates(task)
            file.state, file.imported, file.content = State.IMPORTED, timezone.now(), None
            log_state(file, user)
        else:
            table = file.report["table"]
            file.report = report.data() | {"table": table, "meanwhile": True}
        file.save()


def note_duplicates(task):
    """Find the possible duplicates of everything that an import saved."""
    for start in range(0, len(task.pks), MANY):
        duplicates.note(task.model, task.pks[start : start + MANY])


def log_state(file, user):
    """Write into the log of the admin what somebody did with a file."""
    said = str(file.get_state_display())
    LogEntry.objects.log_actions(user.pk, [file], CHANGE, said, single_object=True)


def settling(file):
    """Give what follows from each chunk that an import of `file` saves: a function of its rows.

    What a person brings is no longer the unchecked text of a machine. The report keeps what was
    recorded of the texts before, for whoever undoes the import.
    """

    def settle(model, rows):
        fields = translation_fields(model)
        written = {
            row.instance.uuid: {
                language
                for field, _, language in (cell.column.rpartition("_") for cell in row.changed)
                if field in fields
            }
            for row in rows
            if not row.new
        }
        written = {entry: languages for entry, languages in written.items() if languages}
        before = file.report.setdefault("texts", {})
        before.update({str(entry): [] for entry in written})
        unchecked = []
        for state in TextState.objects.filter(entry__in=written):
            before[str(state.entry)].append(recorded(state))
            by_machine = state.origin == TextState.Origin.MACHINE and not state.checked_on
            if by_machine and state.language in written[state.entry]:
                unchecked.append(state.pk)
        TextState.objects.filter(pk__in=unchecked).update(origin=TextState.Origin.HUMAN)
        saved_many.send(model, pks=[row.instance.pk for row in rows])

    return settle


def recorded(state):
    """Give what is recorded of one text, as a report has it."""
    day = state.checked_on and state.checked_on.isoformat()
    return [state.language, state.origin, state.source_language, state.source_digest, day]
