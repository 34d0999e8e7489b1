from django.urls import path

from collaborations import views

app_name = "collaborations"

urlpatterns = [
    path("", views.CollaborationList.as_view(), name="list"),
    path("export.csv-metadata.json", views.CollaborationMetadata.as_view(), name="metadata"),
    path("export.<str:format>", views.CollaborationExport.as_view(), name="export"),
    path("download/", views.CollaborationDownload.as_view(), name="download"),
    path("feed.atom", views.CollaborationFeed.as_view(), name="feed"),
    path("<slug:slug>/", views.CollaborationDetail.as_view(), name="detail"),
]
