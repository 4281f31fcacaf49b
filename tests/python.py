"""Programs in Python, each in a process of its own that has Django and contentgit at once.

A server that has imported them, and no project, forks for each call. It starts with the first call of this
process and ends with it.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import pkgutil
import runpy
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
USED = (
    "django.core.management.commands.migrate",
    "django.core.serializers.json",
    "django.db.backends.sqlite3.base",
    "django.db.models.sql.compiler",
    "django.urls",
    "django.views.debug",
    "django.views.generic",
    "logging.config",
    "multiprocessing.reduction",
)
"""What most projects import at their start, besides contentgit."""


def python(
    *words: object,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stderr: int = subprocess.PIPE,
) -> subprocess.CompletedProcess[str]:
    """``python`` with these words, without input: a file, ``-m`` and a module, or ``-c`` and code.

    ``cwd``, ``env`` and ``stderr`` (``PIPE`` or ``STDOUT``) are those of :func:`subprocess.run`.
    """
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        err.touch()
        call = {
            "words": [str(each) for each in words],
            "cwd": str(cwd or Path.cwd()),
            "env": dict(os.environ if env is None else env),
            "files": [os.devnull, str(out), str(out if stderr == subprocess.STDOUT else err)],
        }
        server = _server(os.getpid())
        assert server.stdin is not None
        assert server.stdout is not None
        server.stdin.write(json.dumps(call) + "\n")
        server.stdin.flush()
        code = int(server.stdout.readline())
        return subprocess.CompletedProcess(words, code, out.read_text(), err.read_text())


def keep_compiled() -> None:
    """Let programs find modules compiled, also where Python was told to write nothing beside them."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = str(ROOT / ".pytest_cache/compiled")


@cache
def _server(_owner: int) -> subprocess.Popen[str]:
    """The server of this process."""
    keep_compiled()
    project = ("PYTHONPATH", "DJANGO_SETTINGS_MODULE")
    env = {name: value for name, value in os.environ.items() if name not in project}
    started = subprocess.Popen(
        [sys.executable, "-P", __file__],
        env=env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    atexit.register(started.communicate)
    return started


def _serve() -> None:
    """Answer each call with its exit code, until the caller is gone."""
    base = [*sys.path]
    sys.path.insert(0, str(ROOT))
    _import_all()
    gc.freeze()
    calls, answers = os.fdopen(os.dup(0), "r"), os.fdopen(os.dup(1), "w")
    for line in calls:
        child = os.fork()
        if not child:
            os.close(answers.fileno())
            os._exit(_ended(json.loads(line), base))
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), file=answers, flush=True)


def _import_all() -> None:
    """Import what projects use, as far as it needs no settings."""
    from django.core.exceptions import AppRegistryNotReady, ImproperlyConfigured

    import contentgit

    own = [each.name for each in pkgutil.walk_packages(contentgit.__path__, "contentgit.")]
    for name in (*USED, *own):
        if not name.startswith(("contentgit.demo.", "contentgit.__main__")):
            with suppress(AppRegistryNotReady, ImproperlyConfigured):
                importlib.import_module(name)


def _ended(call: Mapping[str, Any], base: list[str]) -> int:
    """The exit code of the call, after all but the destructors, which take longer than many calls."""
    code: object = 0
    try:
        _become(call, base)
    except SystemExit as end:
        code = end.code
    except BaseException:
        sys.excepthook(*sys.exc_info())
        code = 1
    if code is not None and not isinstance(code, int):
        sys.stderr.write(f"{code}\n")
        code = 1
    threading._shutdown()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    return code or 0


def _become(call: Mapping[str, Any], base: list[str]) -> None:
    """Do what ``python`` does with the words of the call."""
    os.chdir(call["cwd"])
    os.environ.clear()
    os.environ.update(call["env"])
    for number, name in enumerate(call["files"]):
        opened = os.open(name, os.O_RDWR | os.O_CREAT | os.O_APPEND)
        os.dup2(opened, number)
        os.close(opened)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115
    tempfile.tempdir = None
    sys.dont_write_bytecode = True
    found = os.environ.get("PYTHONPATH")
    given = found.split(os.pathsep) if found else []
    sys.path[:] = [*given, *(each for each in base if each not in given)]
    first, *rest = call["words"]
    if first == "-m":
        sys.argv = rest
        sys.path.insert(0, call["cwd"])
        if not hasattr(sys.modules.get(rest[0]), "__path__"):
            sys.modules.pop(rest[0], None)  # it is run as another module
        runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
    elif first == "-c":
        sys.argv = ["-c", *rest[1:]]
        sys.path.insert(0, "")
        exec(compile(rest[0], "<string>", "exec"), {"__name__": "__main__"})
    else:
        sys.argv = [first, *rest]
        sys.path.insert(0, str(Path(first).parent))
        runpy.run_path(first, run_name="__main__")


if __name__ == "__main__":
    _serve()
