"""What is done with any Wagtail site: editors' work on one side, and a look at all of it by titles."""
