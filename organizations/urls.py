from django.urls import path

from organizations import views

app_name = "organizations"

urlpatterns = [
    path("", views.OrganizationList.as_view(), name="list"),
    path("export.csv-metadata.json", views.OrganizationMetadata.as_view(), name="metadata"),
    path("export.<str:format>", views.OrganizationExport.as_view(), name="export"),
    path("download/", views.OrganizationDownload.as_view(), name="download"),
    path("feed.atom", views.OrganizationFeed.as_view(), name="feed"),
    path("<slug:slug>/", views.OrganizationDetail.as_view(), name="detail"),
]
