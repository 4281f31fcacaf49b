"""``checkout``, ``update`` and ``undo``: the plan, the question, and what an apply did."""

from __future__ import annotations

import argparse
import math
import shlex
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from contentgit.cli.call import Call
from contentgit.cli.missing import missing_lines
from contentgit.cli.notices import tell_copied, tell_failures, tell_unremoved, tell_untouched
from contentgit.cli.parser import Options
from contentgit.cli.plans import (
    absent_lines,
    done_already,
    links_data,
    place,
    plan_counts,
    plan_head,
    print_plan,
    shifted_data,
    step_data,
)
from contentgit.cli.project import find_repository, open_project
from contentgit.cli.terminal import SHORT, Terminal
from contentgit.errors import ContentgitError, UsageError
from contentgit.render.plain import plural, safe
from contentgit.render.styled import Text
from contentgit.render.text import DONE
from contentgit.render.values import byte_size

if TYPE_CHECKING:
    from contentgit.workingcopy.checkout import CheckedOut
    from contentgit.workingcopy.planned import Planned
    from contentgit.workingcopy.project import Project
    from contentgit.workingcopy.request import Request, Verb


_RENUMBER = "give rows made here under keys of new records of the commit other keys"


def checkout_options(options: Options) -> None:
    options.describe(
        "Shows what an apply of REV would do to the database, and which parts are refused. With --apply "
        "runs that same plan in one transaction.",
        "contentgit checkout main",
        "contentgit checkout main --apply",
        "contentgit checkout main pages --apply --no-input --database production",
        "contentgit checkout main --apply --pull --no-input",
        "contentgit checkout -b summer",
    )
    options.word("revision", "REV", "branch, tag or commit")
    options.dumps("dumps to apply (default: all of the code, and those applied before)")
    options.value("-b", "NEW", "create a branch and switch HEAD to it", dest="new_branch")
    options.flag("--apply", "run the plan")
    options.flag("--pull", "first fetch, and fast-forward branch REV")
    options.value(
        "--plan", "FILE", "with --apply: run the plan in FILE, if nothing has changed since"
    )
    edits = options.one_of()
    edits.flag(
        "--merge", "keep edits of the database and merge the commit into them, field by field"
    )
    edits.flag("--force", "overwrite edits of the database (they are backed up in git first)")
    options.flag("--upgrade", "first run the project's migrations on REV, in a scratch database")
    options.flag("--as-new", "append the dump as a copy under new keys, or bring that copy to REV")
    options.flag("--adopt", "if the repository lacks the applied commit: begin anew at REV")
    _plan_options(options)


def checkout(args: argparse.Namespace, terminal: Terminal) -> int:
    """Shows the plan; with --apply runs it."""
    if args.new_branch:
        return _new_branch(args, terminal)
    if args.plan:
        return _run_file(args, terminal)
    if not args.revision:
        raise UsageError("checkout requires a revision", hint="contentgit checkout main")
    if args.take and not args.merge:
        raise UsageError("--take requires --merge", hint=f"--merge --take {args.take}")
    if args.renumber and not args.merge:
        raise UsageError("--renumber requires --merge", hint="--merge --renumber")
    return _run(args, terminal, "checkout", apply=args.apply)


def update_options(options: Options) -> None:
    options.describe(
        "Merges the commits of HEAD's branch into the database and keeps edits made there, field by field. "
        "What both sides changed is a conflict: conflicts are listed, and nothing is written.",
        "contentgit update",
        "contentgit update pages --dry-run",
    )
    options.dumps("dumps to update (default: all of the code, and those applied before)")
    options.flag("--dry-run", "only show the plan")
    _plan_options(options)


def update(args: argparse.Namespace, terminal: Terminal) -> int:
    """Merges HEAD's branch into the database."""
    return _run(args, terminal, "update", apply=not args.dry_run)


def undo_options(options: Options) -> None:
    options.describe(
        "Takes back what the last apply changed in the database and keeps later edits, field by field. A "
        "second undo takes back the apply before that.",
        "contentgit undo",
        "contentgit undo pages --dry-run",
    )
    options.dumps("dumps to undo (default: those of the last apply)")
    options.flag("--as-new", "undo the last apply of a copy")
    options.flag("--dry-run", "only show the plan")
    _plan_options(options)


def undo(args: argparse.Namespace, terminal: Terminal) -> int:
    """Brings back what the last apply changed."""
    return _run(args, terminal, "undo", apply=not args.dry_run)


def _plan_options(options: Options) -> None:
    """What every verb takes that runs a plan."""
    text = "resolve conflicts in favour of the database (ours) or of the other side (theirs)"
    options.value("--take", None, text, choices=("ours", "theirs"))
    options.flag("--renumber", _RENUMBER)
    options.flag("--no-input --yes", "apply without asking", dest="no_input")
    options.flag("--allow-cascade", "allow deletes to reach rows outside the dump")
    text = "refuse to delete more than N records, or more than N percent"
    options.value("--max-deletes", "N|N%", text)
    options.flag("--allow-empty", "allow a dump that has become empty")
    options.flag(
        "--ignore-unknown-fields", "ignore fields of the commit that the code does not have"
    )
    options.flag(
        "--ignore-unknown-models", "leave out models of the commit that the dataset does not have"
    )
    options.flag("--full --verbose", "list every record of the plan, and every refused record")
    options.value("--plan-out", "FILE", "write the plan to FILE, to run it later with --plan")
    options.wait()


def _run_file(args: argparse.Namespace, terminal: Terminal) -> int:
    """Runs the plan in a file, whatever verb it is of."""
    others = "dumps names take max_deletes plan_out merge pull adopt as_new revision force"
    others += " allow_cascade renumber upgrade allow_empty"
    others += " ignore_unknown_fields ignore_unknown_models"
    if not args.apply or any(getattr(args, name) for name in others.split()):
        raise UsageError(
            "--plan FILE takes no other option than --apply; the file says what is applied and allowed",
            hint=f"contentgit checkout --apply --plan {args.plan}",
        )
    with open_project(args, terminal) as project:
        from contentgit.workingcopy.checkout import apply
        from contentgit.workingcopy.copies import seen_by
        from contentgit.workingcopy.plan_files import read_plan

        saved = read_plan(Path(args.plan))
        project = seen_by(project, saved.request)
        done = apply(project, saved.request, saved=saved)
    return _print_applied(done, args, terminal)


def _run(args: argparse.Namespace, terminal: Terminal, verb: Verb, *, apply: bool) -> int:
    if apply and args.plan_out:
        raise UsageError(
            "--plan-out cannot be combined with an apply",
            hint="leave out --apply" if verb == "checkout" else f"{verb} --dry-run --plan-out FILE",
        )
    with open_project(args, terminal) as project:
        from contentgit.workingcopy import checkout as checkouts
        from contentgit.workingcopy.copies import seen_by

        request = _request(args, verb)
        if getattr(args, "pull", False):
            _pull(project, args.revision, terminal)
        if getattr(args, "upgrade", False):
            from contentgit.workingcopy.upgrade import upgraded

            commit = upgraded(project, request.revision)
            if commit != project.repository.refs.resolve(request.revision):
                project.notice(f"{request.revision} was upgraded to {commit[:SHORT]}")
                request = replace(request, revision=commit[:SHORT])
        project = seen_by(project, request)
        tell_copied(project, request.names, terminal)
        if not apply:
            return _show_plan(project, request, args, terminal)
        digest = None
        if not args.no_input:
            digest = _ask(project, request, args, terminal)
            if digest is None:
                return 1
        done = checkouts.apply(project, request, digest=digest)
    return _print_applied(done, args, terminal)


def _pull(project: Project, revision: str, terminal: Terminal) -> None:
    """Brings the branch forward, before any lock is taken: a remote may keep us waiting."""
    from contentgit.branches.remotes import pull_branch
    from contentgit.cli.verbs.remotes import pull_lines, talking

    repository = project.repository
    branch = repository.refs.head_branch() if revision in ("HEAD", "@") else revision
    if branch is None:
        raise UsageError(
            "HEAD is on no branch to pull", hint="name one: contentgit checkout main --pull"
        )
    repository.refs.check_branch_name(branch)
    with talking(terminal) as talk:
        done = pull_branch(repository, branch, talk)
    for line in pull_lines(done):
        terminal.note(line.plain)


def _print_applied(done: CheckedOut, args: argparse.Namespace, terminal: Terminal) -> int:
    names = ("applied", "backup", "head", "head_problem", "head_hint", "failures", "unremoved")
    document = {
        **plan_head(done.planned, args.database),
        **{name: getattr(done, name) for name in names},
    }
    terminal.result(document, _applied_lines(done, args.database, terminal.call))
    tell_unremoved(done.unremoved, terminal)
    return tell_failures(done.failures, "applied", terminal)


def _request(args: argparse.Namespace, verb: Verb) -> Request:
    from contentgit.merge import Side
    from contentgit.plan import Licences
    from contentgit.workingcopy.request import Request

    count, percent = None, None
    text = args.max_deletes or ""
    try:
        if text.endswith("%"):
            percent = float(text[:-1])
        elif args.max_deletes is not None:
            count = int(text)
        if not 0 <= (count or percent or 0) < math.inf:
            raise ValueError
    except ValueError as error:
        raise UsageError(
            f"--max-deletes takes a number or a share, not {text!r}",
            hint="--max-deletes 20, or --max-deletes 5%",
        ) from error
    licences = Licences(
        force=getattr(args, "force", False),
        allow_cascade=args.allow_cascade,
        max_deletes=count,
        max_deletes_percent=percent,
        allow_empty=args.allow_empty,
        ignore_unknown_fields=args.ignore_unknown_fields,
        ignore_unknown_models=args.ignore_unknown_models,
    )
    return Request(
        verb,
        getattr(args, "revision", None) or "",
        (*args.dumps, *args.names),
        licences,
        merge=getattr(args, "merge", False),
        take=Side(args.take) if args.take else None,
        adopt=getattr(args, "adopt", False),
        renumber=getattr(args, "renumber", False),
        as_new=getattr(args, "as_new", False),
    )


def _new_branch(args: argparse.Namespace, terminal: Terminal) -> int:
    if args.apply or args.pull:
        raise UsageError(
            "-b creates a branch and moves HEAD; it takes neither --apply nor --pull",
            hint=f"contentgit checkout -b {args.new_branch} REV\n"
            f"contentgit checkout {args.new_branch} --apply  (then, for the database)",
        )
    if args.as_new:
        raise UsageError(
            "-b creates a branch and moves HEAD; --as-new makes a copy of a dump",
            hint=f"contentgit checkout {args.revision or 'REV'} DUMP --apply --as-new",
        )
    repository = find_repository(args, terminal)
    commit_id = repository.refs.resolve(args.revision or "HEAD")
    repository.refs.create_branch(args.new_branch, commit_id)
    try:
        repository.worktrees.checkout_head(args.new_branch)
    except ContentgitError:
        repository.refs.delete(f"refs/heads/{args.new_branch}", commit_id)
        raise
    text = f"Made branch {args.new_branch} at {commit_id[:SHORT]}, and HEAD is on it"
    terminal.result({"created": args.new_branch, "commit": commit_id}, [text])
    if args.revision:
        tell_untouched(args.new_branch, terminal)
    return 0


def _show_plan(
    project: Project, request: Request, args: argparse.Namespace, terminal: Terminal
) -> int:
    from contentgit.workingcopy.effects import details
    from contentgit.workingcopy.plan_files import write_plan
    from contentgit.workingcopy.planning import plan
    from contentgit.workingcopy.refusals import refuse

    with project.snapshot():
        planned = plan(project, request)
        if args.json:
            head = {
                **plan_head(planned, args.database),
                "links": links_data(planned),
                "shifted": shifted_data(planned),
                "problems": planned.plan.problems,
            }
            terminal.items(head, "steps", (step_data(each) for each in details(project, planned)))
        else:
            print_plan(project, planned, terminal, full=args.full)
        if args.plan_out and not planned.plan.problems:
            write_plan(project, planned, Path(args.plan_out))
    if planned.plan.problems and not args.json:
        refuse(planned)
    if planned.plan.problems:
        return 3
    if planned.plan.steps and not args.json:
        command = request.command()
        if args.plan_out:
            command = f"contentgit checkout --apply --plan {shlex.quote(args.plan_out)}"
        terminal.hint(f"Nothing has been written. To run it: {command}")
        _tell_adopt(planned, terminal)
    return 0


def _tell_adopt(planned: Planned, terminal: Terminal) -> None:
    from contentgit.workingcopy.refusals import adopt_way

    if way := adopt_way(planned):
        terminal.hint(f"Records are made beside the rows that are here. Or: {way}")


def _ask(
    project: Project, request: Request, args: argparse.Namespace, terminal: Terminal
) -> str | None:
    """Shows the plan and asks; gives the digest of what was agreed to, or ``None``."""
    from contentgit.workingcopy.planning import plan
    from contentgit.workingcopy.refusals import refuse

    with project.snapshot():
        planned = plan(project, request)
        print_plan(project, planned, terminal, full=args.full)
    refuse(planned)
    if planned.plan.steps:
        _tell_adopt(planned, terminal)
        question = f"{plan_counts(planned.plan)}. Apply to {place(project)}?"
        if not terminal.confirm(question, flag="--no-input"):
            terminal.note("nothing has been written")
            return None
    return planned.digest


def _applied_lines(done: CheckedOut, using: str, call: Call) -> Iterator[Text]:
    labels = " and ".join(work.dump.dataset.label for work in done.planned.dumps)
    copied = f", as a copy of {labels}" if done.planned.copy else ""
    yield _applied_line(done, f"database {using} ({done.environment}){copied}")
    yield from (Text(f"  {line}", style="yellow") for line in missing_lines(done.planned.missing))
    if done.brought.files or done.removed:
        parts = [
            f"{plural(count, 'file')} {did}{size}"
            for count, did, size in (
                (done.brought.files, "brought", f" ({byte_size(done.brought.size)})"),
                (len(done.removed), "removed", ""),
            )
            if count
        ]
        yield Text(f"  {', '.join(parts)}")
    yield from absent_lines(done.planned.absent)
    if done.backup:
        yield Text(f"What was there before is kept in {done.backup}")
    if done.head:
        yield Text(f"HEAD is at branch {done.head}", style="dim")
    if done.head_problem:
        yield Text(f"HEAD does not move: {safe(done.head_problem)}", style="yellow")
        for way in done.head_hint.splitlines():
            yield Text(f"  {call.typed(safe(way))}", style="dim")


def _applied_line(done: CheckedOut, where: str) -> Text:
    target, request = done.planned.target, done.planned.request
    if not done.applied:
        why = done_already(done.planned)
        return Text(f"{where[:1].upper()}{where[1:]}: {why}; nothing to write")
    counts = plan_counts(done.planned.plan)
    for kind, past in {**DONE, "clear": "cleared", "get another": "given another"}.items():
        counts = counts.replace(f"to {kind}", past)
    commit = (target.commit[:SHORT], "yellow")
    if request.verb == "undo":
        return Text.assemble(("Undid the apply of ", "green"), commit, f" to {where}: {counts}")
    did, name = "Merged " if request.merging else "Applied ", safe(target.revision)
    return Text.assemble((did, "green"), commit, f" ({name}) to {where}: {counts}")
