"""Runs a command on the site that the variable SITE names: stage (also without it) or production."""

import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "bakery.settings"
    execute_from_command_line(sys.argv)
