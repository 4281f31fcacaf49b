"""Which rows of a dump were written since a commit, as triggers write it down."""
