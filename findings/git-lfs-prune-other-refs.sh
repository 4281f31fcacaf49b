#!/usr/bin/env bash
# git-lfs 3.3.0 (Debian 12's package, taken apart in a temporary folder): "git lfs prune" deletes the only copy of a file
# that was never pushed, if its commit is kept by a ref outside of refs/heads and refs/tags.
# Most would guess that it keeps what git itself keeps: "git gc" keeps every object that any ref reaches, and prune is
# known to keep what was not pushed. Seen: under refs/heads the object stays ("2 retained"), under refs/backup it is
# deleted ("1 retained", "Deleting objects: 100% (1/1)"), with exit code 0, while "git cat-file" still finds the commit and
# its pointer. Fails if that changes.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
apt-get download -q "git-lfs=3.3.0-1+deb12u2" 2>/dev/null
dpkg -x git-lfs_*.deb package
export PATH="$place/package/usr/bin:$PATH" HOME="$place" GIT_CONFIG_NOSYSTEM=1
export GIT_AUTHOR_NAME=A GIT_AUTHOR_EMAIL=a@example.com GIT_COMMITTER_NAME=A GIT_COMMITTER_EMAIL=a@example.com
[[ "$(git lfs version | tee /dev/stderr)" == "git-lfs/3.3.0 "* ]]

try() { # $1: the folder of the ref that keeps the commit
    git init -q --bare "server-$1.git"
    git init -q -b main "site-$1"
    cd "site-$1"
    git lfs install --local >/dev/null
    git lfs track '*.bin' >/dev/null
    git remote add origin "file://$place/server-$1.git"
    echo pushed >first.bin
    git add -A
    GIT_AUTHOR_DATE=2020-01-01T00:00:00Z GIT_COMMITTER_DATE=2020-01-01T00:00:00Z git commit -qm first
    git push -q origin main
    echo "never pushed" >second.bin
    git add -A
    GIT_AUTHOR_DATE=2020-01-02T00:00:00Z GIT_COMMITTER_DATE=2020-01-02T00:00:00Z git commit -qm second
    git update-ref "refs/$1/kept" HEAD
    git reset -q --hard HEAD~1
    git reflog expire --expire=now --all
    oid=$(git show "refs/$1/kept:second.bin" | sed -n 's/^oid sha256://p')
    object=".git/lfs/objects/${oid:0:2}/${oid:2:2}/$oid"
    [ -f "$object" ]
    git lfs prune --verbose | tee ../said
    git gc -q --prune=now
    git cat-file -e "refs/$1/kept:second.bin" # git keeps commit and pointer
}

(
    try heads
    grep -q "2 local objects, 2 retained" ../said
    [ -f "$object" ]
)
(
    try backup
    grep -q "2 local objects, 1 retained" ../said
    [ ! -e "$object" ]
)
echo "as described"
