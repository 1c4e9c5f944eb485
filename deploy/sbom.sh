#!/bin/sh
# The bill of materials of the program: CycloneDX JSON of every crate that is built in, and of the C libraries inside those
# crates, which Cargo knows nothing of. Needs cargo-cyclonedx (cargo install cargo-cyclonedx --version 0.5.9 --locked) and jq.
#
#   deploy/sbom.sh [FILE]                    default churnwatch.cdx.json
#   deploy/sbom.sh --bundled                 the C libraries alone, a line each: name, version, licence, crate
set -eu
cd "$(dirname "$0")/.."

# A crate's folder, as Cargo.lock pins it.
crates=$(cargo metadata --locked --format-version 1 --filter-platform x86_64-unknown-linux-gnu |
  jq -r '.packages[] | [.name, .version, (.manifest_path | rtrimstr("/Cargo.toml"))] | @tsv')
crate() { printf '%s\n' "$crates" | awk -v name="$1" -v field="$2" '$1 == name { print $field }' | tail -n 1; }
# The version behind the plus of a crate's version, as in 4.10.0+2.12.1.
behind() { crate "$1" 2 | sed -n 's/^[^+]*+\(curl-\|zstd\.\)\{0,1\}//p'; }

zlib=$(sed -n 's/^#define ZLIB_VERSION "\([^"]*\)".*/\1/p' "$(crate libz-sys 3)/src/zlib/zlib.h")
mimalloc=$(sed -n 's/^#define MI_MALLOC_VERSION  *\([0-9]*\).*/\1/p' "$(crate libmimalloc-sys 3)/c_src/mimalloc/v2/include/mimalloc.h" |
  awk '{ printf "%d.%d.%d", $1 / 10000, $1 / 100 % 100, $1 % 100 }')
bundled=$(printf '%s\t%s\t%s\t%s\n' \
  librdkafka "$(behind rdkafka-sys)" "BSD-2-Clause" rdkafka-sys \
  openssl "$(behind openssl-src)" "Apache-2.0" openssl-src \
  curl "$(behind curl-sys)" "curl" curl-sys \
  zlib "$zlib" "Zlib" libz-sys \
  zstd "$(behind zstd-sys)" "BSD-3-Clause" zstd-sys \
  mimalloc "$mimalloc" "MIT" libmimalloc-sys)
if printf '%s\n' "$bundled" | awk -F '\t' '$2 == "" { found = 1 } END { exit !found }'; then
  echo "sbom: a bundled library has no version where it was looked for: $bundled" >&2
  exit 1
fi
if [ "${1:-}" = --bundled ]; then
  printf '%s\n' "$bundled"
  exit 0
fi

cargo cyclonedx --format json --spec-version 1.5 --target x86_64-unknown-linux-gnu --override-filename churnwatch.cargo >&2
printf '%s\n' "$bundled" | jq -R 'split("\t") | {
  type: "library", "bom-ref": "bundled:\(.[0])@\(.[1])", name: .[0], version: .[1],
  description: "C, built in by the crate \(.[3])", licenses: [{ license: { id: .[2] } }],
  purl: "pkg:generic/\(.[0])@\(.[1])", scope: "required" }' |
  jq -s --slurpfile bill churnwatch.cargo.json '. as $bundled | $bill[0] | .components += $bundled' >"${1:-churnwatch.cdx.json}"
rm churnwatch.cargo.json
