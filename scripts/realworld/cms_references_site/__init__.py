"""A site of django CMS whose plugins refer to pages, files and each other in all ways that they have."""
