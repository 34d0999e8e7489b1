from django.urls import path

from needs import views

app_name = "needs"

urlpatterns = [
    path("", views.NeedList.as_view(), name="list"),
    path("export.csv-metadata.json", views.NeedMetadata.as_view(), name="metadata"),
    path("export.<str:format>", views.NeedExport.as_view(), name="export"),
    path("download/", views.NeedDownload.as_view(), name="download"),
    path("feed.atom", views.NeedFeed.as_view(), name="feed"),
    path("<slug:slug>/", views.NeedDetail.as_view(), name="detail"),
]
