#!/usr/bin/env bash
# Test, train and measure on a GPU machine, in one command. Installs and downloads nothing.
#
#     tools/gpu.sh OUT [MINUTES] [all|tests|zoo|bench]
#
# Each part has its own log in OUT and its own time limit; if one fails, the others still run.
# GANZOO_DATA: the data folder, or a folder with MNIST's four files, gzipped or not
# GANZOO_RUNS: the folder for trainings (/tmp/ganzoo-zoo)
# ZOO_JOBS: how many train at once (4 on a GPU)
# DEVICE=cpu rehearses; PYTHON names another Python
set -u
out=${1:?"say where to write: tools/gpu.sh OUT [MINUTES] [all|tests|zoo|bench]"}
minutes=${2:-10}
what=${3:-all}
root=$(cd "$(dirname "$0")/.." && pwd)
python=${PYTHON:-python3}
device=${DEVICE:-cuda}
seconds=$(awk "BEGIN {print int($minutes * 60)}")
left() { echo $((seconds - SECONDS)); }
least() { echo $(($1 < $2 ? $1 : $2)); }

mkdir -p "$out"
out=$(cd "$out" && pwd)
site=$(mktemp -d)
trap 'rm -rf "$site"' EXIT
cd "$root" || exit 1
PYTHONPATH=$("$python" tools/gpu_site.py "$site") || exit 1
export PYTHONPATH PYTHONUNBUFFERED=1
export CUBLAS_WORKSPACE_CONFIG=${CUBLAS_WORKSPACE_CONFIG:-:4096:8}
export HF_HUB_OFFLINE=1 TOKENIZERS_PARALLELISM=false

# Several trainings start at once, and only one of them may unpack what they all read.
if [ -n "${GANZOO_DATA:-}" ]; then
    data=$(cd "$GANZOO_DATA" && pwd) || exit 1
    if compgen -G "$data/*-ubyte*" >/dev/null; then
        mkdir -p "$site/data/MNIST/raw"
        cp "$data"/*-ubyte* "$site/data/MNIST/raw/"
        data=$site/data
    fi
    find "$data" -name '*-ubyte.gz' | while read -r packed; do
        [ -f "${packed%.gz}" ] || gunzip -k "$packed"
    done
    export GANZOO_DATA=$data
fi

# part NAME SECONDS COMMAND...: writes its output to OUT/NAME.log, and the last lines to the screen
part() {
    local name=$1 limit=$2 before=$SECONDS code
    shift 2
    if ((limit < 5)); then
        echo "$name: no time left"
        return
    fi
    timeout --signal=TERM --kill-after=15 "$limit" "$@" >"$out/$name.log" 2>&1
    code=$?
    tail -n 25 "$out/$name.log"
    echo "== $name: exit $code after $((SECONDS - before)) s of at most $limit ($(left) s left)"
}

tests() {
    PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 part tests "$1" "$python" -m pytest tests/gpu -m gpu -q \
        -p no:cacheprovider --durations=12 --tb=short ${PYTEST_ARGS:-}
}
zoo() {
    part zoo "$1" "$python" tools/train_zoo.py --minutes "$(awk "BEGIN {print ($1 - 10) / 60}")" \
        --out "$out" --runs "${GANZOO_RUNS:-/tmp/ganzoo-zoo}" --device "$device" \
        ${ZOO_JOBS:+--jobs "$ZOO_JOBS"} --files "${ZOO_FILES:-3}" ${ZOO_ARGS:-}
}
bench() {
    part bench "$1" "$python" benchmarks/gpu.py --device "$device" --seconds $(($1 - 10)) \
        --out "$out/bench.md" ${BENCH_ARGS:-}
}

timeout 60 "$python" -m ganzoo doctor
case $what in
    all)
        tests "$(least 140 $((seconds / 4)))"
        zoo $(($(left) - $(least 160 $((seconds / 4))) - 5))
        bench $(($(left) - 5))
        ;;
    zoo) ZOO_FILES=${ZOO_FILES:-6} && zoo $(($(left) - 5)) ;; # nothing else writes there
    tests | bench) "$what" $(($(left) - 5)) ;;
    *) echo "there is no part $what: all, tests, zoo or bench" && exit 2 ;;
esac
ls -l "$out"
