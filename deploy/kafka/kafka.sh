#!/usr/bin/env bash
# A real Apache Kafka (KRaft) for tests and development.
#   kafka.sh start [--nodes 1|3] [--dir DIR] [--port PORT] [--free] [--advertise PORT] [--parent PID]
#                  [--set NAME=VALUE]... [--scram USER=PASSWORD]...
#       prints the bootstrap address; --free takes the next ports that are free, from --port on; --advertise is the first
#       port that clients are told, as of a proxy; with --parent it stops when that process ends; --set lays properties
#       of a broker over those below; --scram makes users of SCRAM-SHA-512 in a new folder
#   kafka.sh stop [--dir DIR] [--node N] [--hard]    one node or all; --hard kills
#   kafka.sh up [--dir DIR] [--node N]               starts one node, or all, as they were started first
#   kafka.sh tool NAME [ARGUMENT]...                 runs a tool of Kafka's, as AclCommand
#   kafka.sh status [--dir DIR]
#   kafka.sh fetch                                   has the jars there for when they are needed
# The jars come from Maven Central once, into ~/.cache/churnwatch (or KAFKA_HOME with a libs folder is used), of the
# version in CHURNWATCH_KAFKA_VERSION.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# 3.9 and newer.
version=${CHURNWATCH_KAFKA_VERSION:-4.4.0}
command=${1:-help}
shift || true
nodes=1 dir=${TMPDIR:-/tmp}/churnwatch-kafka port=19092 free= advertise= parent= more= one= signal=TERM scram=()
while [ $# -gt 0 ] && [ "$command" != tool ]; do
  case $1 in
    --nodes) nodes=$2 ;;
    --dir) dir=$2 ;;
    --port) port=$2 ;;
    --free) free=yes; shift; continue ;;
    --advertise) advertise=$2 ;;
    --parent) parent=$2 ;;
    --node) one=$2 ;;
    --hard) signal=KILL; shift; continue ;;
    --set) more+=$2$'\n' ;;
    --scram) scram+=(--add-scram "SCRAM-SHA-512=[name=${2%%=*},password=${2#*=}]") ;;
    *) echo "kafka.sh: unknown option $1" >&2; exit 64 ;;
  esac
  shift 2
done

jars() {
  if [ -n "${KAFKA_HOME:-}" ]; then echo "$KAFKA_HOME/libs/*"; return; fi
  local cache=${XDG_CACHE_HOME:-$HOME/.cache}/churnwatch/kafka-$version
  if [ ! -d "$cache" ]; then
    # Fetched beside its place and moved in one go, so that parallel callers never see half of it.
    mkdir -p "$(dirname "$cache")"
    local fresh
    fresh=$(mktemp -d "$cache.XXXXXX")
    mvn -q -B -f "$here/pom.xml" -Dkafka.version="$version" dependency:copy-dependencies -DoutputDirectory="$fresh" >&2
    mv -T "$fresh" "$cache" 2>/dev/null || rm -rf "$fresh"
  fi
  echo "$cache/*"
}

# What listens at one of the nodes' ports would be taken for one of them.
taken() {
  local node at
  for node in $(seq "$nodes"); do
    for at in $((port + node - 1)) $((port + 100 + node)); do
      if (exec 3<>"/dev/tcp/127.0.0.1/$at") 2>/dev/null; then echo "$at"; return; fi
    done
  done
  return 1
}

properties() { # node
  local node=$1 voters="" n
  for n in $(seq "$nodes"); do voters+="${voters:+,}$n@127.0.0.1:$((port + 100 + n))"; done
  cat <<EOF
process.roles=broker,controller
node.id=$node
controller.quorum.voters=$voters
listeners=PLAINTEXT://127.0.0.1:$((port + node - 1)),CONTROLLER://127.0.0.1:$((port + 100 + node))
advertised.listeners=PLAINTEXT://127.0.0.1:$((${advertise:-$port} + node - 1))
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs=$dir/node-$node/data
auto.create.topics.enable=false
group.initial.rebalance.delay.ms=0
offsets.topic.replication.factor=$nodes
offsets.topic.num.partitions=3
transaction.state.log.replication.factor=$nodes
transaction.state.log.min.isr=$((nodes > 1 ? 2 : 1))
transaction.state.log.num.partitions=3
transaction.abort.timed.out.transaction.cleanup.interval.ms=1000
default.replication.factor=$nodes
log.cleaner.backoff.ms=500
log.roll.ms=5000
log.cleaner.min.cleanable.ratio=0.01
log.segment.delete.delay.ms=1000
$more
EOF
}

boot() { # node classpath
  local home=$dir/node-$1
  setsid nohup java -Xms256m -Xmx512m -cp "$2" kafka.Kafka "$home/server.properties" >>"$home/broker.log" 2>&1 </dev/null &
  echo $! >"$home/pid"
}

start() {
  if [ "$nodes" != 1 ] && [ "$nodes" != 3 ]; then echo "kafka.sh: --nodes is 1 or 3" >&2; exit 64; fi
  local classpath node id bootstrap="" deadline at
  if status >/dev/null; then echo "kafka.sh: nodes of $dir are up already; stop them first" >&2; exit 1; fi
  while [ -n "$free" ] && taken >/dev/null; do port=$((port + 3)); done
  if at=$(taken); then echo "kafka.sh: something listens at port $at; choose others by --port, or --free" >&2; exit 1; fi
  classpath=$(jars) || { echo "kafka.sh: the jars could not be fetched; is Maven there?" >&2; exit 1; }
  mkdir -p "$dir"
  if [ ! -s "$dir/cluster" ]; then
    java -cp "$classpath" kafka.tools.StorageTool random-uuid 2>/dev/null >"$dir/cluster" ||
      { rm -f "$dir/cluster"; echo "kafka.sh: Java 17 or newer is needed" >&2; exit 1; }
  fi
  id=$(cat "$dir/cluster")
  for node in $(seq "$nodes"); do
    mkdir -p "$dir/node-$node"
    properties "$node" >"$dir/node-$node/server.properties"
    [ -d "$dir/node-$node/data" ] ||
      java -cp "$classpath" kafka.tools.StorageTool format -t "$id" -c "$dir/node-$node/server.properties" "${scram[@]}" \
        >"$dir/node-$node/format.log" 2>&1 ||
      { echo "kafka.sh: node $node could not be formatted; see $dir/node-$node/format.log" >&2; exit 1; }
    boot "$node" "$classpath"
    bootstrap+="${bootstrap:+,}127.0.0.1:$((port + node - 1))"
  done
  deadline=$((SECONDS + 90))
  for node in $(seq "$nodes"); do
    until (exec 3<>"/dev/tcp/127.0.0.1/$((port + node - 1))") 2>/dev/null; do
      if [ $SECONDS -gt $deadline ] || ! kill -0 "$(cat "$dir/node-$node/pid")" 2>/dev/null; then
        echo "kafka.sh: node $node did not start; see $dir/node-$node/broker.log" >&2
        stop
        exit 1
      fi
      sleep 0.1
    done
  done
  if [ -n "$parent" ]; then
    (while kill -0 "$parent" 2>/dev/null; do sleep 1; done; stop; rm -rf "$dir") >/dev/null 2>&1 </dev/null &
  fi
  echo "$bootstrap"
}

stop() {
  local file
  for file in "$dir"/node-${one:-*}/pid; do
    [ -f "$file" ] || continue
    kill -"$signal" "$(cat "$file")" 2>/dev/null || true
    for _ in $(seq 100); do kill -0 "$(cat "$file")" 2>/dev/null || break; sleep 0.1; done
    kill -9 "$(cat "$file")" 2>/dev/null || true
    rm -f "$file"
  done
}

up() {
  local home classpath
  classpath=$(jars)
  for home in "$dir"/node-${one:-*}; do
    [ -f "$home/server.properties" ] || { echo "kafka.sh: $home was never started" >&2; exit 1; }
    [ -f "$home/pid" ] || boot "${home##*-}" "$classpath"
  done
}

status() {
  local file up=0
  for file in "$dir"/node-*/pid; do
    [ -f "$file" ] && kill -0 "$(cat "$file")" 2>/dev/null && up=$((up + 1))
  done
  echo "$up nodes up"
  [ "$up" -gt 0 ]
}

# Kafka moves its tools from one package to the other, one by one.
tool() { # name argument...
  local classpath class=org.apache.kafka.tools.$1
  classpath=$(jars)
  grep -qa "${class//.//}.class" "${classpath%\*}"kafka-tools-*.jar || class=kafka.admin.$1
  exec java -cp "$classpath" "$class" "${@:2}"
}

case $command in
  start) start ;;
  stop) stop ;;
  up) up ;;
  status) status ;;
  tool) tool "$@" ;;
  fetch) jars >/dev/null ;;
  *) sed -n '2,14p' "$0" | cut -c3-; exit 64 ;;
esac
