#!/usr/bin/env bash
# Trains everything that is shipped or reported, in the order of its worth. Killed and
# started again it goes on: finished fits are read, a broken one resumes at its pass.
#
#   train/runs/everything.sh DATA WORK     DATA holds cnmc/ and pbc/;
#                                          WORK-96 and WORK-128 are made
#
# LITE0 is EfficientNet-Lite0's published file of weights (docs/training.md);
# WORKERS is how many processes read cells: one less than the cores.
set -euo pipefail
data=$1 work=$2
run() { python -m leukoscope_train --threads 4 --workers "${WORKERS:-15}" "$@"; }

for side_px in 96 128; do
    test -e "$work-$side_px/prepared.json" || run prepare "$data/cnmc" \
        --pbc "$data/pbc" --hashes "$data/cnmc/originals_sha256.csv" \
        --side-px "$side_px" --work "$work-$side_px"
done
test -e runs/start/lite0.pt || run adopt "$LITE0" --out runs/start/lite0.pt
run baselines --work "$work-96"
run learn --work "$work-96"
run fit --work "$work-96" --plan train/runs/lite.toml
run audit --work "$work-96"
run compare train/runs/lite.toml train/runs/heads/plain.toml train/runs/ablations-lite/*.toml \
    --name ablations-lite --work "$work-96"
run learn --plan train/runs/lite.toml --work "$work-96"
PBC="$data/pbc" train/runs/gpu.sh fit "$work-128"
train/runs/gpu.sh tables "$work-128"
