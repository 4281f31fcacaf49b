"""A scratch database: the project's migrations move records from where a commit stands to today's code.

What is here runs in a process whose only database is the scratch database, under the alias ``default``:
most migrations do not mind the alias that they are run on.
"""
