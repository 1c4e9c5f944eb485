#!/bin/sh
# The service on a real Kafka, against a bare consumer and against Kafka Streams. Starts a broker of its own and deletes
# its data in the end; needs Rust, Java 17, Maven and Linux.
#
#   deploy/bench.sh [throughput] [restore] [latency] [--quick] [--rounds N] [--only w1|w2] [--workers 1,2] [--steps parse,service]
#                   [--rival FOLDER]
#   deploy/bench.sh --help        says the rest
set -eu
cd "$(dirname "$0")/.."
exec cargo bench --locked --bench throughput -- "$@"
