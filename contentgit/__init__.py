"""contentgit moves the content of a Django site between its databases the way code moves."""

__version__ = "0.1.0"
