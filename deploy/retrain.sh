#!/bin/sh
# Trains a model on the history, sets it against the one in force, promotes it or stops. Running it twice promotes once.
#
#   deploy/retrain.sh [HISTORY FILE...]       without files the events topic is read
#
# CHURNWATCH_CONFIG   configuration file of the service (needed: the model goes to its churn.models)
# CHURNWATCH_REPORTS  folder for reports, one folder a date in it   default ./retraining
# CHURNWATCH_AT       the midnight that divides training from judging; the churn horizon must lie between it and the end
#                     of the history                            default today less the horizon
# CHURNWATCH_BIN      the program                               default churnwatch
#
# Exit codes: 0 in force or already so, 2 the gate said no (the report says why), anything else a failure.
set -eu

bin=${CHURNWATCH_BIN:-churnwatch}
config=${CHURNWATCH_CONFIG:?name the configuration file in CHURNWATCH_CONFIG}
reports=${CHURNWATCH_REPORTS:-retraining}
# Logs would stand between the sentences of the report.
export CHURNWATCH_LOG="${CHURNWATCH_LOG:-warn}"

horizon=$("$bin" config print --config "$config" | sed -n 's/^horizon_days = //p')
at=${CHURNWATCH_AT:-$(date -u -d "$horizon days ago" +%F)}
report=$reports/$at
mkdir -p "$report"

# Two retrainings at once would judge each other's champion; the lock goes with the process that holds it.
exec 9>"$reports/.lock"
flock -n 9 || { echo "retrain: another retraining is under way in $reports" >&2; exit 1; }

if [ $# -eq 0 ]; then set -- --source kafka; fi
set -- "$@" --config "$config"

"$bin" train "$@" --at "$at" --name "retrained-$at" --output "$report/model.json" --card "$report/model.md" 2>"$report/train.log" ||
  { code=$?; cat "$report/train.log" >&2; exit "$code"; }
echo "trained: $report/model.json, its card $report/model.md"

code=0
"$bin" compare "$@" --challenger "$report/model.json" --at "$at" >"$report/compare.json" 2>"$report/compare.txt" || code=$?
cat "$report/compare.txt"
if [ "$code" -ne 0 ]; then
  [ "$code" -eq 2 ] && echo "not promoted: $report/compare.json says why" >&2
  exit "$code"
fi

"$bin" promote "$report/model.json" --config "$config" --json >"$report/promote.json"
cat "$report/promote.json"
