"""The review of needs and challenges, its entries and its files."""

from django.utils.translation import get_language

from localympact.downloads import Download, PublishedExport
from localympact.feeds import PublishedFeed
from localympact.interface import PublishedInterface
from localympact.metadata import PublishedMetadata
from localympact.views import PublishedDetail, PublishedList
from needs.exports import NeedResource
from needs.filters import NeedFilter
from needs.models import Cause, Conclusion, Need
from needs.structured import need
from organizations.models import Municipality, Organization

# The review is read from top to bottom; it is cut only where no page would hold it.
REVIEW_LENGTH = 240


class FoundNeeds:
    """What the list of needs and challenges, its files and all that follows it have in common."""

    filterset_class = NeedFilter
    resource_class = NeedResource


class NeedList(FoundNeeds, PublishedList):
    """The review: causes with their needs, then conclusions. With a filter, what matches."""

    @property
    def is_review(self):
        """Whether nothing is asked, so that the whole review is shown."""
        return not self.filterset.query

    def get_queryset(self):
        return super().get_queryset().with_answers()

    def get_paginate_by(self, queryset):
        return REVIEW_LENGTH if self.is_review else self.paginate_by

    def get_context_data(self, **kwargs):
        context = super().get_context_data(is_review=self.is_review, **kwargs)
        chosen = self.filterset.asked.getlist("municipality")
        if len(chosen) == 1:
            context["place"] = place = Municipality.objects.filter(slug__in=chosen).first()
            context["reaches"] = place and Need.objects.published().by_reach(place)
        if self.is_review:
            context["causes"] = Cause.objects.with_origin().with_counts(Need.objects.published())
            context["conclusions"] = Conclusion.objects.with_origin()
        return context


def organizations_behind(need):
    """Give the organisations that took part in what answers a need: whom to ask how."""
    answers = need.collaborations.published().order_by()
    behind = Organization.objects.published().filter(pk__in=answers.values("organizations"))
    return behind.with_related().by_name(get_language())


class NeedDetail(PublishedDetail):
    """One need or challenge, the collaborations that answer it, and who took part in them."""

    model = Need

    def get_queryset(self):
        return super().get_queryset().select_related("cause")

    def get_context_data(self, **kwargs):
        return super().get_context_data(
            collaborations=self.object.collaborations.published().with_related(),
            organizations=organizations_behind(self.object),
            **kwargs,
        )

    def described(self, context, absolute):
        return need(self.object, absolute, context["collaborations"])


class NeedExport(FoundNeeds, PublishedExport):
    """The review's needs and challenges as a file."""


class NeedMetadata(FoundNeeds, PublishedMetadata):
    """What the CSV file of that list is, for programs."""


class NeedDownload(FoundNeeds, Download):
    """What somebody chooses of such a file."""


class NeedFeed(FoundNeeds, PublishedFeed):
    """The needs and challenges that changed last, as a feed."""


class NeedInterface(FoundNeeds, PublishedInterface):
    """The list of needs and challenges for programs."""

    related = ["collaborations"]
