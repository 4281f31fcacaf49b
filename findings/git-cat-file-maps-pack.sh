#!/usr/bin/env bash
# git 2.39.5 (Debian 12's package, taken apart in a temporary folder): "git cat-file --batch" streams a blob above
# core.bigFileThreshold in small pieces, and yet its resident memory grows to the size of the blob.
# Most would guess that streaming is what bounds the memory. Seen: the pack is mapped in windows of up to 1 GiB, whose
# pages stay resident as they are read; a file of 300 MB took 297,000 kB with core.bigFileThreshold=1m alone, and 14,000 kB
# with core.packedGitWindowSize=1m and core.packedGitLimit=8m beside it. "--batch-check" of 1,000 blobs of 100 kB, which
# reads no content, took 102,000 kB and 14,000 kB. Fails if that changes.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
apt-get download -q "git=1:2.39.5-0+deb12u3" 2>/dev/null
dpkg -x git_*.deb package
export PATH="$place/package/usr/bin:$PATH" GIT_EXEC_PATH="$place/package/usr/lib/git-core"
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
[ "$(git --version | tee /dev/stderr)" = "git version 2.39.5" ]

cat >measure.py <<'PY'
"""The largest resident memory, in kB, of git with these words; its input is a file, its output is thrown away."""
import resource, subprocess, sys

with open(sys.argv[1]) as given:
    subprocess.run(["git", *sys.argv[2:]], stdin=given, stdout=subprocess.DEVNULL, check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
PY
bounds=(-c core.packedGitWindowSize=1m -c core.packedGitLimit=8m)

git init -q one
cd one
python3 - <<'PY' | git -c core.bigFileThreshold=8m -c fastimport.unpackLimit=1 fast-import --quiet
import os, sys

size = 300_000_000
sys.stdout.buffer.write(b"blob\nmark :1\ndata %d\n" % size)
for _ in range(300):
    sys.stdout.buffer.write(os.urandom(1_000_000))
sys.stdout.buffer.write(b"\ncommit refs/heads/main\ncommitter a <a@example.com> 0 +0000\ndata 0\nM 100644 :1 file\n")
PY
git rev-parse main:file >../ids
usual=$(python3 ../measure.py ../ids -c core.bigFileThreshold=1m cat-file --batch)
bounded=$(python3 ../measure.py ../ids -c core.bigFileThreshold=1m "${bounds[@]}" cat-file --batch)
echo "one blob of 300 MB, --batch: $usual kB, with bounds $bounded kB"
[ "$usual" -gt 250000 ]
[ "$bounded" -lt 60000 ]

cd ..
git init -q many
cd many
python3 - <<'PY' | git -c fastimport.unpackLimit=1 fast-import --quiet
import os, sys

out = sys.stdout.buffer
out.write(b"commit refs/heads/main\ncommitter a <a@example.com> 0 +0000\ndata 0\n")
for number in range(1000):
    out.write(b"M 100644 inline %d\ndata 100000\n" % number + os.urandom(100_000) + b"\n")
PY
git ls-tree main | cut -d ' ' -f 3 | cut -f 1 >../ids
usual=$(python3 ../measure.py ../ids cat-file --batch-check --buffer)
bounded=$(python3 ../measure.py ../ids "${bounds[@]}" cat-file --batch-check --buffer)
echo "1,000 blobs of 100 kB, --batch-check: $usual kB, with bounds $bounded kB"
[ "$usual" -gt 80000 ]
[ "$bounded" -lt 60000 ]
echo "as described"
