#!/usr/bin/env bash
# Trains everything that is shipped or reported, in the order of its worth. Killed and
# started again it goes on: finished fits are read, a broken one resumes at its pass.
#
#   train/runs/everything.sh DATA WORK     DATA holds cnmc/ and pbc/, WORK is made
#
# LITE0 is EfficientNet-Lite0's published file of weights (docs/training.md);
# WORKERS is how many processes vary cells: one less than the cores.
set -euo pipefail
data=$1 work=$2
run() { python -m leukoscope_train --threads 4 --workers "${WORKERS:-15}" "$@"; }

test -e "$work/prepared.json" || run prepare "$data/cnmc" --pbc "$data/pbc" \
    --hashes "$data/cnmc/originals_sha256.csv" --work "$work"
test -e "$work-96/prepared.json" || run prepare "$data/cnmc" --pbc "$data/pbc" \
    --hashes "$data/cnmc/originals_sha256.csv" --side-px 96 --work "$work-96"
test -e runs/start/lite0.pt || run adopt "$LITE0" --out runs/start/lite0.pt
run baselines --work "$work-96"
run fit --work "$work-96" --plan train/runs/lite.toml
run compare train/runs/lite.toml train/runs/heads/*.toml --name heads --work "$work-96"
run compare train/runs/lite.toml train/runs/heads/plain.toml train/runs/ablations-lite/*.toml \
    --name ablations-lite --work "$work-96"
run learn --plan train/runs/lite.toml --work "$work-96"
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
