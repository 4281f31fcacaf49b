"""Pages, snippets, and a site's own model of images."""
