"""The pages of the site are in its admin, which this proof does not use."""

urlpatterns = []
