"""*Import a file* in the admin: bring it, see what it would do, let it happen, undo it."""

import csv
import logging
from datetime import timedelta

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import F
from django.http import Http404, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone, translation
from django.utils.decorators import method_decorator
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from localympact.columns import escaped
from localympact.importing import RESOURCES, State, bring_in, check, may_be_imported
from localympact.models import ImportedFile
from localympact.spreadsheets import ENCODINGS
from localympact.undoing import preview, undo

LARGEST = 20 * 1024 * 1024
KEPT_UNCHECKED = timedelta(days=30)
ROWS_A_PAGE = 50
# Where the lines of the progress come into the page.
HERE = "<!--progress-->"
SEPARATOR_NAMES = {
    ",": gettext_lazy("comma"),
    ";": gettext_lazy("semicolon"),
    "\t": gettext_lazy("tab"),
}
LISTS = {
    "wrong": gettext_lazy("Wrong"),
    "duplicates": gettext_lazy("Possible duplicates"),
    "changed": gettext_lazy("Changed"),
    "new": gettext_lazy("New"),
}
log = logging.getLogger(__name__)


def name_of(database):
    """Give the name of a database in the reader's language."""
    return capfirst(RESOURCES[database].model._meta.verbose_name_plural)


def may_import(user, database):
    """Say whether somebody may add and change entries of a database."""
    meta = RESOURCES[database].model._meta
    return user.has_perms(f"{meta.app_label}.{act}_{meta.model_name}" for act in ("add", "change"))


class UploadForm(forms.Form):
    """A file, and the database that it belongs to."""

    database = forms.ChoiceField(label=gettext_lazy("Database"))
    file = forms.FileField(
        label=gettext_lazy("File"),
        help_text=gettext_lazy("CSV or XLSX, 20 MB at most."),
        widget=forms.FileInput(attrs={"accept": ".csv,.xlsx,.txt,.tsv"}),
    )

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["database"].choices = [
            (database, name_of(database)) for database in RESOURCES if may_import(user, database)
        ]

    def clean_file(self):
        file = self.cleaned_data["file"]
        if file.size > LARGEST:
            raise forms.ValidationError(
                _("The file has more than 20 MB. Bring it in several parts.")
            )
        return file


class EncodingForm(forms.Form):
    """Another encoding than the one that was recognised."""

    encoding = forms.ChoiceField(label=gettext_lazy("Encoding"), choices=ENCODINGS.items())


class ImportedFileAdmin(admin.ModelAdmin):
    """Editors see the files that they brought, portal editors all of them."""

    list_display = ["name", "of_database", "state", "outcome", "person", "uploaded"]
    list_filter = ["state"]
    list_select_related = ["person"]
    search_fields = ["name"]

    class Media:
        css = {"all": ["localympact/importing.css"]}

    def get_queryset(self, request):
        files = super().get_queryset(request).defer("content", "report")
        files = files.annotate(counts=F("report__counts"))
        return files if request.user.edits_everything else files.filter(person=request.user)

    def has_delete_permission(self, request, obj=None):
        # What was imported stays on record; what was only checked is discarded on its page.
        return False

    @admin.display(description=gettext_lazy("database"), ordering="database")
    def of_database(self, file):
        return name_of(file.database)

    @admin.display(description=gettext_lazy("rows"))
    def outcome(self, file):
        counts = file.counts or {}
        return _("%(new)s new, %(changed)s changed, %(wrong)s wrong") % {
            name: counts.get(name, 0) for name in ("new", "changed", "wrong")
        }

    def get_urls(self):
        wrap = self.admin_site.admin_view
        posts = {"check": self.check_view, "import": self.import_view, "discard": self.discard_view}
        return [
            *(
                path(f"<int:pk>/{name}/", wrap(view), name=f"localympact_importedfile_{name}")
                for name, view in posts.items()
            ),
            path("<int:pk>/undo/", wrap(self.undo_view), name="localympact_importedfile_undo"),
            path(
                "<int:pk>/problems.csv",
                wrap(self.problems_view),
                name="localympact_importedfile_problems",
            ),
            *super().get_urls(),
        ]

    # What all pages share

    def file(self, request, pk):
        """Give one of the files that somebody may see, with its report."""
        files = self.get_queryset(request).defer(None).defer("content")
        file = get_object_or_404(files, pk=pk)
        if not self.has_view_permission(request, file):
            raise PermissionDenied
        return file

    def file_to_work_with(self, request, pk):
        """Give a file that somebody may import or undo."""
        file = self.file(request, pk)
        allowed = self.has_change_permission(request, file)
        if not (allowed and may_import(request.user, file.database)):
            raise PermissionDenied
        return file

    def address(self, pk, name="change"):
        """Give the address of a page of a file."""
        return reverse(f"admin:localympact_importedfile_{name}", args=[pk])

    def page(self, request, template, title, **context):
        """Give a page in the frame of the admin."""
        context = {
            **self.admin_site.each_context(request),
            "title": title,
            "opts": self.opts,
            "media": self.media,
            **context,
        }
        return TemplateResponse(request, f"admin/importing/{template}.html", context)

    def streamed(self, request, title, file, work):
        """Answer with a page that grows while `work` goes on, and then leads to the file."""
        page = self.page(request, "progress", title, file=file).render()
        head, tail = page.content.decode().split(HERE)
        language = translation.get_language()
        address = self.address(file.pk)

        def pieces():
            with translation.override(language):
                yield head
                failed = False
                try:
                    for done, total in work:
                        step = {"done": done, "total": total}
                        yield render_to_string("admin/importing/progress_step.html", step)
                except Exception:
                    # The page has begun: nothing else can tell the person.
                    log.exception("Work on the imported file %s was interrupted", file.pk)
                    failed = True
                finally:
                    work.close()
                end = {"failed": failed, "address": address}
                yield render_to_string("admin/importing/progress_end.html", end)
                yield tail

        return StreamingHttpResponse(
            pieces(), headers={"X-Accel-Buffering": "no", "Cache-Control": "no-store"}
        )

    # The steps

    def add_view(self, request, form_url="", extra_context=None):
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = UploadForm(
            request.POST or None,
            request.FILES or None,
            user=request.user,
            initial={"database": request.GET.get("database")},
        )
        if not form.fields["database"].choices:
            raise PermissionDenied
        if request.method == "POST" and form.is_valid():
            return self.brought(request, form)
        databases = [
            (name, f"admin:{self.lists_of(database)}_export")
            for database, name in form.fields["database"].choices
        ]
        return self.page(request, "upload", _("Import a file"), form=form, databases=databases)

    def lists_of(self, database):
        """Give how the addresses of a database's admin begin."""
        meta = RESOURCES[database].model._meta
        return f"{meta.app_label}_{meta.model_name}"

    def brought(self, request, form):
        """Keep a file that was brought, and check it."""
        waiting = ImportedFile.objects.filter(state=State.CHECKED)
        waiting.filter(uploaded__lt=timezone.now() - KEPT_UNCHECKED).delete()
        upload = form.cleaned_data["file"]
        file = ImportedFile.objects.create(
            database=form.cleaned_data["database"],
            name=upload.name[-250:],
            content=upload.read(),
            person=request.user,
        )
        return self.checked(request, file)

    def checked(self, request, file, **options):
        """Check a file; answer with the progress."""
        language = translation.get_language()
        work = check(file.pk, request.user, language=language, **options)
        return self.streamed(request, _("The file is being checked"), file, work)

    @method_decorator(require_POST)
    def check_view(self, request, pk):
        file = self.file_to_work_with(request, pk)
        form = EncodingForm(request.POST)
        options = form.cleaned_data if form.is_valid() else {}
        return self.checked(request, file, **options)

    @method_decorator(require_POST)
    def import_view(self, request, pk):
        file = self.file_to_work_with(request, pk)
        work = bring_in(file.pk, request.user)
        return self.streamed(request, _("The file is being imported"), file, work)

    @method_decorator(require_POST)
    def discard_view(self, request, pk):
        file = self.file_to_work_with(request, pk)
        gone, _kinds = ImportedFile.objects.filter(pk=pk, state=State.CHECKED).delete()
        if not gone:
            return HttpResponseRedirect(self.address(pk))
        self.message_user(
            request, _("“%(name)s” was discarded.") % {"name": file}, messages.SUCCESS
        )
        return HttpResponseRedirect(reverse("admin:localympact_importedfile_changelist"))

    def undo_view(self, request, pk):
        file = self.file_to_work_with(request, pk)
        if file.state != State.IMPORTED:
            return HttpResponseRedirect(self.address(pk))
        title = _("Undo this import")
        if request.method == "POST":
            return self.streamed(request, title, file, undo(file.pk, request.user))
        found = preview(file, request.user)
        return self.page(
            request,
            "undo",
            title,
            file=file,
            counts=found["counts"],
            left=self.paged(request, found["left"]),
            change=f"admin:{self.lists_of(file.database)}_change",
        )

    def paged(self, request, lines):
        """Give the page of a long list that the address names."""
        return Paginator(lines, ROWS_A_PAGE).get_page(request.GET.get("page"))

    def change_view(self, request, object_id, form_url="", extra_context=None):
        try:
            file = self.file(request, int(object_id))
        except ValueError:
            raise Http404 from None
        report = file.report
        lists = [(name, label, report.get(name, [])) for name, label in LISTS.items()]
        if "undo" in report:
            lists.append(("left", _("Left as they are"), report["undo"]["left"]))
        filled = [name for name, _label, lines in lists if lines]
        chosen = request.GET.get("show")
        if chosen not in filled:
            chosen = filled[0] if filled else None
        lines = next((lines for name, _label, lines in lists if name == chosen), [])
        works = self.has_change_permission(request, file) and may_import(
            request.user, file.database
        )
        table = report.get("table", {})
        return self.page(
            request,
            "file",
            str(file),
            file=file,
            original=file,
            database=name_of(file.database),
            report=report,
            counts=report.get("counts", {}),
            separator=SEPARATOR_NAMES.get(table.get("separator")),
            encoding=ENCODINGS.get(table.get("encoding")),
            encodings=EncodingForm(initial={"encoding": table.get("encoding")}),
            lists=[(name, label, len(lines)) for name, label, lines in lists if lines],
            chosen=chosen,
            page=self.paged(request, lines),
            change=f"admin:{self.lists_of(file.database)}_change",
            waits=works and file.state == State.CHECKED,
            may_be_imported=works and may_be_imported(file),
            may_be_undone=works and file.state == State.IMPORTED,
            upload=f"{reverse('admin:localympact_importedfile_add')}?database={file.database}",
        )

    def problems_view(self, request, pk):
        file = self.file(request, pk)
        answer = HttpResponse(
            "\ufeff",
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": 'attachment; filename="problems.csv"'},
        )
        lines = csv.writer(answer)
        lines.writerow([_("Row"), _("Column"), _("What is wrong")])
        lines.writerows(
            [row, escaped(column or ""), escaped(message)]
            for row, column, message in file.report.get("wrong", [])
        )
        return answer
