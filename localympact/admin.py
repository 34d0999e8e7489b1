"""People who work in the portal, as far as portal editors manage them; logs; other pages."""

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import LogEntry
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import UserChangeForm
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.core.validators import MaxLengthValidator
from django.db.models import Exists, OuterRef, Q
from django.http import Http404, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.translation import get_language, gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django_otp.plugins.otp_totp.models import TOTPDevice

from localympact import people
from localympact.access import Event, note
from localympact.import_pages import ImportedFileAdmin
from localympact.models import (
    MUNICIPAL_EDITOR,
    ROLES,
    AccessEvent,
    ImportedFile,
    UnansweredSearch,
    User,
)
from localympact.unanswered_pages import UnansweredSearchAdmin
from organizations.places import Municipality
from organizations.tools import ReadOnlyAdmin, Tool, WithTools


def places_field():
    """Give the field of the municipalities whose entries a person edits."""
    return forms.ModelMultipleChoiceField(
        Municipality.objects.all(),
        label=_("Municipalities"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("A municipal editor edits the entries of these. A portal editor edits all."),
    )


class WithPlaces(forms.ModelForm):
    """A form of a person with the municipalities whose entries they edit."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if field := self.fields.get("municipalities"):
            field.queryset = Municipality.objects.by_name(get_language())
            if self.instance.pk:
                field.initial = self.instance.municipalities.all()

    def clean_email(self):
        """Keep addresses apart: one address, in whatever case, leads to one person."""
        email = self.cleaned_data["email"].lower()
        others = User.objects.exclude(pk=self.instance.pk)
        if email and others.filter(Q(email__iexact=email) | Q(username__iexact=email)).exists():
            raise forms.ValidationError(
                gettext("Somebody with this e-mail address exists already.")
            )
        return email

    def _save_m2m(self):
        super()._save_m2m()
        if "municipalities" in self.cleaned_data:
            self.instance.municipalities.set(self.cleaned_data["municipalities"])


class InvitationForm(WithPlaces):
    """Whom to invite, as what. The person sets the password."""

    role = forms.ChoiceField(
        label=_("Role"),
        choices=list(ROLES.items()),
        widget=forms.RadioSelect,
        initial=MUNICIPAL_EDITOR,
    )
    municipalities = places_field()

    class Meta:
        model = User
        fields = ["email", "first_name", "last_name", "language"]
        help_texts = {
            "email": _("The invitation goes there. It is also the user name."),
            "language": _("Language of the invitation, and of these pages for this person."),
        }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for name in ("email", "first_name", "last_name", "language"):
            self.fields[name].required = True
        self.fields["email"].validators.append(
            MaxLengthValidator(User._meta.get_field("username").max_length)
        )
        self.fields["language"].initial = get_language()

    def clean(self):
        cleaned = super().clean()
        if cleaned.get("role") == MUNICIPAL_EDITOR and not cleaned.get("municipalities"):
            self.add_error("municipalities", gettext("Choose at least one municipality."))
        return cleaned

    def save(self, commit=True):
        person = self.instance
        person.username, person.is_staff = person.email, True
        person.set_unusable_password()
        return super().save(commit)

    def _save_m2m(self):
        super()._save_m2m()
        self.instance.groups.set([Group.objects.get(name=self.cleaned_data["role"])])


class PersonForm(WithPlaces, UserChangeForm):
    """Somebody's name, role and municipalities."""

    municipalities = places_field()


def role_name(group):
    """Give what a group is called in the language of the page."""
    return str(ROLES.get(group.name, group.name))


class RoleFilter(admin.RelatedFieldListFilter):
    """Groups by the names that they have in the language of the page."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.title = _("Role")

    def field_choices(self, field, request, model_admin):
        return [(group.pk, role_name(group)) for group in Group.objects.order_by("name")]


@admin.register(User)
class UserAdmin(WithTools, DjangoUserAdmin):
    """Portal editors invite people and give them a role, and never touch a superuser."""

    form = PersonForm
    add_form = InvitationForm
    add_form_template = "admin/invite.html"
    list_display = ["username", "full_name", "roles", "places", "state", "last_login", "factor"]
    list_filter = ["is_active", ("groups", RoleFilter), "municipalities"]
    list_per_page = 50
    readonly_fields = ["roles", "places", "state", "last_login", "date_joined"]
    actions = ["invite_again", "withdraw"]
    add_fieldsets = [
        (
            None,
            {"fields": ["email", "first_name", "last_name", "language", "role", "municipalities"]},
        )
    ]
    superuser_fieldsets = [
        (None, {"fields": ["username", "password"]}),
        (_("Personal info"), {"fields": ["first_name", "last_name", "email", "language"]}),
        (_("Role"), {"fields": ["groups", "municipalities"]}),
        (
            _("Permissions"),
            {"fields": ["is_active", "is_staff", "is_superuser", "user_permissions"]},
        ),
        (_("Access"), {"fields": ["state", "last_login", "date_joined"]}),
    ]

    # What is shown, and to whom

    def get_queryset(self, request):
        found = super().get_queryset(request).prefetch_related("groups", "municipalities")
        devices = TOTPDevice.objects.filter(user=OuterRef("pk"), confirmed=True)
        found = found.annotate(with_factor=Exists(devices))
        return found if request.user.is_superuser else found.filter(is_superuser=False)

    def get_fieldsets(self, request, obj=None):
        if obj is None:
            return self.add_fieldsets
        if request.user.is_superuser:
            return self.superuser_fieldsets
        # Nobody takes the own role away by mistake, or with it the last one who could give it back.
        own = obj == request.user
        return [
            (None, {"fields": ["username", "email", "first_name", "last_name", "language"]}),
            (_("Role"), {"fields": ["roles", "places"] if own else ["groups", "municipalities"]}),
            (_("Access"), {"fields": ["state", "last_login", "date_joined"]}),
        ]

    def get_readonly_fields(self, request, obj=None):
        fields = super().get_readonly_fields(request, obj)
        if obj is None or request.user.is_superuser:
            return fields
        # Whoever has the address has the account: it is corrected only until somebody has come in.
        settled = obj.last_login or obj.has_usable_password()
        return [*fields, "username", *(["email"] if settled else [])]

    def get_list_filter(self, request):
        everything = super().get_list_filter(request)
        return [*everything, "is_superuser"] if request.user.is_superuser else everything

    def formfield_for_manytomany(self, db_field, request, **kwargs):
        if db_field.name == "groups":
            kwargs["widget"] = forms.CheckboxSelectMultiple
            if not request.user.is_superuser:
                kwargs["queryset"] = Group.objects.filter(name__in=ROLES)
        field = super().formfield_for_manytomany(db_field, request, **kwargs)
        if db_field.name == "groups":
            field.label, field.help_text = _("Role"), ""
            field.label_from_instance = role_name
        return field

    @admin.display(description=_("Name"), ordering="last_name")
    def full_name(self, person):
        return person.get_full_name() or None

    @admin.display(description=_("Role"))
    def roles(self, person):
        return ", ".join(role_name(group) for group in person.groups.all()) or None

    @admin.display(description=_("Municipalities"))
    def places(self, person):
        return ", ".join(map(str, person.municipalities.all())) or None

    @admin.display(description=_("Access"))
    def state(self, person):
        if not person.is_active:
            return _("Withdrawn")
        return _("In use") if person.has_usable_password() else _("Invited, no password set yet")

    @admin.display(description=_("Second factor"), boolean=True)
    def factor(self, person):
        return person.with_factor

    # Inviting and changing

    def add_view(self, request, form_url="", extra_context=None):
        title = {"title": _("Invite a person"), "show_save_and_continue": False}
        return super().add_view(request, form_url, title | (extra_context or {}))

    def save_form(self, request, form, change):
        person = super().save_form(request, form, change)
        if change and "email" in form.changed_data and form.initial["email"] == person.username:
            person.username = person.email
        return person

    def save_related(self, request, form, formsets, change):
        super().save_related(request, form, formsets, change)
        if not change:
            people.invite(request, form.instance)

    def user_change_password(self, request, id, form_url=""):
        # Portal editors know nobody's password: people set it themselves, by a link.
        if not request.user.is_superuser:
            raise PermissionDenied
        response = super().user_change_password(request, id, form_url)
        if request.method == "POST" and response.status_code == 302:
            person = self.get_object(request, id)
            note(Event.PASSWORD_SET, person, request=request, by=request.user)
        return response

    # Buttons and actions: {name: (why not, what is done, what the log of changes says)}

    steps = {
        "invite": (people.why_not_invite, people.invite, _("Invited again")),
        "withdraw": (people.why_not_withdraw, people.withdraw, _("Access withdrawn")),
        "take-factor": (
            people.why_not_take_factor,
            people.take_factor,
            _("Second factor taken away"),
        ),
    }

    def get_urls(self):
        step = self.admin_site.admin_view(self.step_view)
        name = "localympact_user_step"
        return [path("<path:object_id>/step/<str:step>/", step, name=name), *super().get_urls()]

    def tools(self, request, obj):
        labels = {
            "invite": _("Invite again"),
            "withdraw": _("Withdraw access"),
            "take-factor": _("Take away the second factor"),
        }
        possible = self.has_change_permission(request, obj)
        steps = [
            Tool(label, reverse("admin:localympact_user_step", args=[obj.pk, step]), posts=True)
            for step, label in labels.items()
            if possible and not self.steps[step][0](request.user, obj)
        ]
        log = reverse("admin:localympact_accessevent_changelist")
        return [
            *super().tools(request, obj),
            *steps,
            Tool(_("Log of sign-ins"), f"{log}?person__id__exact={obj.pk}"),
        ]

    def step_view(self, request, object_id, step):
        """Do what a button says with one person."""
        person = self.get_object(request, object_id)
        if person is None or step not in self.steps:
            raise Http404
        if not self.has_change_permission(request, person):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        self.take_step(request, step, [person])
        return HttpResponseRedirect(reverse("admin:localympact_user_change", args=[person.pk]))

    def take_step(self, request, step, persons):
        """Do it with each whom it may be done with; say how many, and who was left and why."""
        why_not, do, said = self.steps[step]
        done, left = 0, []
        for person in persons:
            if reason := why_not(request.user, person):
                left.append(f"{person} ({reason})")
            else:
                do(request, person)
                self.log_change(request, person, str(said))
                done += 1
        if done and step == "withdraw":
            sentence = ngettext(
                "%(count)s person can no longer log in.",
                "%(count)s people can no longer log in.",
                done,
            )
            messages.success(request, sentence % {"count": done})
        if done and step == "take-factor":
            messages.success(request, gettext("The second factor was taken away."))
        if left:
            sentence = gettext("Left as before: %(people)s.") % {"people": ", ".join(left)}
            messages.warning(request, sentence)

    @admin.action(description=_("Invite again"), permissions=["change"])
    def invite_again(self, request, queryset):
        self.take_step(request, "invite", queryset)

    @admin.action(description=_("Withdraw access"), permissions=["change"])
    def withdraw(self, request, queryset):
        self.take_step(request, "withdraw", queryset)


class Log(ReadOnlyAdmin):
    """A list of what happened, which only grows; `title` is what it is called."""

    title = None
    list_per_page = 100

    def changelist_view(self, request, extra_context=None):
        return super().changelist_view(request, {"title": self.title} | (extra_context or {}))


@admin.register(AccessEvent)
class AccessEventAdmin(Log):
    title = _("Log of sign-ins")
    list_display = ["moment", "event", "name", "by", "address"]
    list_filter = ["event", ("person", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["by"]
    search_fields = ["name", "address"]
    date_hierarchy = "moment"


@admin.register(LogEntry)
class LogEntryAdmin(Log):
    """What was changed through the admin, when and by whom."""

    title = _("Log of changes")
    list_display = ["action_time", "user", "content_type", "object_repr", "get_change_message"]
    list_filter = ["action_flag", ("content_type", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["user", "content_type"]
    search_fields = ["object_repr", "user__username"]
    date_hierarchy = "action_time"
    fields = ["action_time", "user", "content_type", "object_repr", "get_change_message"]
    readonly_fields = ["get_change_message"]

    @admin.display(description=_("what happened"))
    def get_change_message(self, entry):
        return entry.get_change_message()


admin.site.register(ImportedFile, ImportedFileAdmin)
admin.site.register(UnansweredSearch, UnansweredSearchAdmin)
