"""The table of contents of the portal's addresses."""

from django.conf import settings
from django.conf.urls.i18n import i18n_patterns
from django.contrib import admin
from django.urls import include, path, re_path, register_converter

from collaborations.views import CollaborationInterface
from localympact import (
    archive,
    catalogue,
    completions,
    data_pages,
    desk,
    media,
    openapi,
    opensearch,
    pages,
    people,
    permanent,
    sitemaps,
    snapshot_pages,
    suggestions,
    table_pages,
)
from needs.views import NeedInterface
from organizations.views import OrganizationInterface

register_converter(snapshot_pages.DayConverter, "day")

development = (
    [path("components/", pages.Components.as_view(), name="components")] if settings.DEBUG else []
)

urlpatterns = [
    path("admin/password/", people.Forgotten.as_view(), name="admin_password_reset"),
    path("admin/password/sent/", people.ForgottenDone.as_view(), name="admin_password_reset_done"),
    path(
        "admin/password/new/<uidb64>/<token>/",
        people.NewPassword.as_view(),
        name="admin_password_reset_confirm",
    ),
    path("admin/password/set/", people.PasswordSet.as_view(), name="admin_password_reset_complete"),
    path("admin/", admin.site.admin_view(desk.first_page)),
    path("admin/", admin.site.urls),
    path("opensearch/<str:language>.xml", opensearch.Description.as_view(), name="opensearch"),
    path("catalog.<str:format>", catalogue.Catalogue.as_view(), name="catalogue"),
    path("sitemap.xml", sitemaps.index, name="sitemaps"),
    path("sitemap-<slug:section>.xml", sitemaps.sitemap, name="sitemap"),
    path("robots.txt", sitemaps.robots, name="robots"),
    path("id/<uuid:uuid>", permanent.Permanent.as_view(), name="permanent"),
    path("id/<uuid:uuid>.json", permanent.Permanent.as_view(as_json=True), name="permanent_json"),
    path("openapi.json", openapi.OpenApi.as_view(), name="openapi"),
    path("data/localympact.zip", archive.Everything.as_view(), name="archive"),
    path(
        "data/snapshots/<day:day>/<str:name>",
        snapshot_pages.SnapshotFile.as_view(),
        name="snapshot_file",
    ),
    re_path(
        r"^media/(?P<name>logos/[0-9A-Za-z-]+\.(?:png|jpg|webp))\Z",
        media.Picture.as_view(),
        name="picture",
    ),
    *i18n_patterns(
        path("", pages.Start.as_view(), name="start"),
        path("organizations.json", OrganizationInterface.as_view(), name="organizations_json"),
        path("collaborations.json", CollaborationInterface.as_view(), name="collaborations_json"),
        path("needs.json", NeedInterface.as_view(), name="needs_json"),
        path("organizations/", include("organizations.urls")),
        path("collaborations/", include("collaborations.urls")),
        path("needs/", include("needs.urls")),
        path("municipalities/", pages.MunicipalityList.as_view(), name="municipalities"),
        path(
            "municipalities/<slug:slug>/", pages.MunicipalityDetail.as_view(), name="municipality"
        ),
        path("data/", data_pages.Data.as_view(), name="data"),
        path("data/dictionary/", data_pages.Dictionary.as_view(), name="dictionary"),
        path("data/dictionary.csv", data_pages.DictionaryFile.as_view(), name="dictionary_file"),
        path("data/snapshots/", snapshot_pages.SnapshotList.as_view(), name="snapshots"),
        path("data/snapshots/<day:day>/", snapshot_pages.SnapshotDetail.as_view(), name="snapshot"),
        path(
            "data/<slug:table>.csv-metadata.json",
            table_pages.TableMetadata.as_view(),
            name="table_metadata",
        ),
        path("data/<slug:table>.<str:format>", table_pages.TableExport.as_view(), name="table"),
        path("search/", pages.Search.as_view(), name="search"),
        path("search/suggestions/", completions.Completions.as_view(), name="completions"),
        path(
            "search/suggestions.json",
            completions.CompletionsForBrowsers.as_view(),
            name="completions_for_browsers",
        ),
        path("about/", pages.About.as_view(), name="about"),
        path("privacy/", pages.Privacy.as_view(), name="privacy"),
        path("accessibility/", pages.Accessibility.as_view(), name="accessibility"),
        path("suggest/", suggestions.Suggest.as_view(), name="suggest"),
        path("suggest/thanks/", suggestions.Suggested.as_view(), name="suggested"),
        *development,
    ),
]

handler400 = pages.bad_request
handler403 = pages.permission_denied
handler404 = pages.page_not_found
handler500 = pages.server_error
