"""A site whose pages refer to each other in all ways that Wagtail has."""
