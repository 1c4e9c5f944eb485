#!/usr/bin/env bash
# Runs the fuzz targets one after the other, each so many times; stops at the first that breaks a promise. Needs the nightly
# toolchain and cargo-fuzz: cargo install cargo-fuzz --version 0.13.2 --locked
#
#   fuzz/run.sh [EXECUTIONS] [TARGET...]         default 10000000, all targets
#
# CHURNWATCH_FUZZ_SECONDS  longest time for a target; what was really done is printed    default none
# What it finds lies in fuzz/artifacts; make it a seed in fuzz/seeds once it is mended. New inputs are kept in fuzz/corpus.
set -euo pipefail
cd "$(dirname "$0")"

executions=${1:-10000000}
[ $# -gt 0 ] && shift
targets=("$@")
[ ${#targets[@]} -gt 0 ] || mapfile -t targets < <(basename -s .rs targets/*.rs)

# The very crates that the service is built of.
cp ../Cargo.lock Cargo.lock
for target in "${targets[@]}"; do
  mkdir -p "corpus/$target" "artifacts/$target"
  log="artifacts/$target/log"
  # No sanitizer: there is no unsafe code of ours to watch. An input that takes 10 s is a fault like a panic.
  cargo +nightly fuzz run -s none "$target" "corpus/$target" "seeds/$target" -- \
    -runs="$executions" -max_total_time="${CHURNWATCH_FUZZ_SECONDS:-0}" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 2>"$log" ||
    { tail -n 40 "$log"; echo "$target: broken, see fuzz/artifacts/$target" >&2; exit 1; }
  awk -v target="$target" '/stat::number_of_executed_units/ { done = $2 } /^Done/ { seconds = $5 }
    END { printf "%s: %d executions in %d s\n", target, done, seconds }' "$log"
done
