"""Nothing is served."""

urlpatterns: list[object] = []
