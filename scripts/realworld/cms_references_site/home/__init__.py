"""Plugins and a model of the site's own."""
