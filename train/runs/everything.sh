#!/usr/bin/env bash
# Trains everything that is shipped or reported, in the order of its worth. Killed and
# started again it goes on: finished fits are read, a broken one resumes at its pass.
#
#   train/runs/everything.sh DATA WORK     DATA holds cnmc/ and pbc/, WORK is made
#
# WORKERS is how many processes vary cells: one less than the cores.
set -euo pipefail
data=$1 work=$2
run() { python -m leukoscope_train --threads 4 --workers "${WORKERS:-15}" "$@"; }

test -e "$work/prepared.json" || run prepare "$data/cnmc" --pbc "$data/pbc" \
    --hashes "$data/cnmc/originals_sha256.csv" --work "$work"
run baselines --work "$work"
run learn --work "$work"
for network in resnet50 alexnet; do
    test -e "runs/start/$network.pt" || run pretrain "$data/pbc" \
        --plan "train/runs/table1/$network.toml" --out "runs/start/$network.pt"
done
pair=(train/runs/table1/resnet50.toml train/runs/table1/alexnet.toml)
run compare "${pair[@]}" --seeds 0 1 2 --pair resnet50 alexnet \
    --name pair --work "$work"
run audit --work "$work/resnet50-0"
run compare train/runs/table1/*.toml --pair resnet50 alexnet --work "$work"
run compare train/runs/ablations/*.toml --work "$work"
run learn --plan train/runs/table1/resnet50.toml --work "$work"
