#!/usr/bin/env bash
# What a GPU is for: the ten networks, three seeds of the pair, networks that ask the
# kind first, the learning curve of ResNet-50 and the ablations, JOBS runs at a time, the
# slow ones and those of most worth first. Killed and started again it goes on.
#
#   train/runs/gpu.sh fit WORK      WORK: a prepared folder, 128 px
#   train/runs/gpu.sh tables WORK   judges what was fitted; needs no GPU
#
# PBC is the folder of PBC's cells, and runs/start/lite0.pt must be there (`adopt`).
# ONLY is a pattern of the runs wanted.
set -euo pipefail
stage=$1
export work=$2 runs=train/runs OMP_NUM_THREADS=1

run() { python3 -m leukoscope_train --threads 1 --workers 2 "$@"; }

one() { # fit PLAN SEED | learn PLAN | begin NETWORK
    case $1 in
    begin)
        test -e "runs/start/$2.pt" || run pretrain "${PBC:-none}" \
            --plan "$runs/table1/$2.toml" --out "runs/start/$2.pt"
        ;;
    fit)
        start=$(sed -n 's/^start = "\(.*\)"/\1/p' "$runs/$2.toml")
        for _ in {1..600}; do # seconds that another job may still take to make it
            if test -z "$start" -o -e "$start"; then break; fi
            sleep 1
        done
        run compare "$runs/$2.toml" --seeds "$3" --name "one-${2//\//-}-$3" --work "$work"
        ;;
    learn) run learn --plan "$runs/$2.toml" --work "$work" ;;
    esac > "$work/logs/${2//\//-}-${3:-$1}.log" 2>&1 \
        && echo "$SECONDS s: $*" || echo "FAILED: $*"
}
export -f one run

queue() {
    echo "begin resnet50"
    echo "begin alexnet"
    for network in vgg16 xception densenet121 inception-v3 mobilenet-v2; do
        echo "fit table1/$network 0"
    done
    for seed in 0 1 2; do
        echo "fit table1/resnet50 $seed"
        echo "fit table1/alexnet $seed"
    done
    echo "fit table1/cnn-svm 0"
    echo "fit kind-first/resnet50-kind-first 0"
    echo "fit kind-first/lite-bent 0"
    echo "learn table1/resnet50"
    echo "fit table1/lstm 0"
    echo "fit table1/cnn 0"
    echo "fit kind-first/alexnet-kind-first 0"
    for plan in "$runs"/ablations/*.toml; do
        echo "fit ablations/$(basename "$plan" .toml) 0"
    done
}

case $stage in
fit)
    mkdir -p "$work/logs" runs/start
    queue | grep -E "${ONLY:-.}" | xargs -P "${JOBS:-10}" -L 1 bash -c 'one "$@"' one
    ;;
tables)
    steps=()
    for plan in "$runs"/ablations/*.toml; do
        name=$(basename "$plan" .toml)
        test "$name" = base || steps+=("$name-0")
    done
    run compare "$runs"/table1/*.toml --again --name table1 --work "$work"
    run compare "$runs"/table1/{resnet50,alexnet}.toml --again --seeds 0 1 2 \
        --pair resnet50 alexnet --name pair --work "$work"
    run compare "$runs"/kind-first/*.toml --again --name kind-first --work "$work"
    run compare "$runs"/ablations/*.toml --again --name ablations --work "$work"
    run compare "$runs"/ablations-128/*.toml --work "$work"
    run differ lite-128-0 resnet50-{0,1,2} alexnet-0 resnet50-0+alexnet-0 xception-0 \
        resnet50-0+resnet50-1+resnet50-2 lite-128-0+resnet50-0 resnet50-kind-first-0 \
        lite-bent-0 --name table1 --work "$work"
    run differ alexnet-0 base-0 alexnet-kind-first-0 --name compact --work "$work"
    run differ lite-128-0 weaker-penalty-0 people-alike-0 --name ablations-128 \
        --work "$work"
    run differ base-0 "${steps[@]}" --name ablations --work "$work"
    ;;
esac
