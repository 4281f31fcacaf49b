#!/usr/bin/env bash
# git 2.39.5 (Debian 12's package, taken apart in a temporary folder): mktree ends with exit code 0 and prints the id
# of a tree that it could not write.
# Most would guess that it fails as "hash-object -w" does, which ends with 128 where an object cannot be stored. Seen:
# "error: ..." on standard error, the id on standard output, exit code 0, with --batch as without; "cat-file -e" then
# does not find the tree. Who takes the id for an object has to read standard error. Fails if that changes.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
apt-get download -q "git=1:2.39.5-0+deb12u3" 2>/dev/null
dpkg -x git_*.deb package
export PATH="$place/package/usr/bin:$PATH" GIT_EXEC_PATH="$place/package/usr/lib/git-core"
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
[ "$(git --version | tee /dev/stderr)" = "git version 2.39.5" ]
git init -q site
cd site
echo content >../file
blob=$(git hash-object -w ../file)
printf '100644 blob %s\tfile\n' "$blob" >../entries
tree=$(git mktree <../entries)
git cat-file -e "$tree"

# The same where the folder of the object cannot be made, as on a full or read-only disk; a file stands in its place, so
# that it is so for root, too.
rm -r ".git/objects/${tree:0:2}"
: >".git/objects/${tree:0:2}"
for batch in "" --batch; do
    code=0
    said=$(git mktree $batch <../entries 2>../errors) || code=$?
    echo "mktree $batch: exit code $code, standard output '$said', standard error '$(head -n 1 ../errors)'"
    [ "$code" = 0 ]
    [ "$said" = "$tree" ]
    grep -q '^error: ' ../errors
    ! git cat-file -e "$tree" 2>/dev/null
done

# A blob whose id begins with the same two digits, to compare.
number=0
until [ "$(echo $number | git hash-object --stdin | cut -c 1-2)" = "${tree:0:2}" ]; do number=$((number + 1)); done
code=0
echo $number | git hash-object -w --stdin >../said 2>../errors || code=$?
echo "hash-object -w: exit code $code, standard output '$(cat ../said)', standard error '$(head -n 1 ../errors)'"
[ "$code" = 128 ]
[ ! -s ../said ]
echo "as described"
