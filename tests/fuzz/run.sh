#!/usr/bin/env bash
# Fuzzes last4 for a bounded time, on a stable toolchain and with nothing installed for it.
#
#   run.sh [TARGET ...]   all targets, or these: engine, kernels, path, answer
#
# SECONDS_EACH is how long each runs (default: 40). Exits 1 on a finding. The input is then kept in artifacts/TARGET/; it belongs
# into tests/fixtures/findings/TARGET/ (one of `kernels` into that of `engine`), where `cargo test` runs it from then on.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$here/target}
SECONDS_EACH=${SECONDS_EACH:-40}

# Instrumentation that shows libFuzzer which code an input reaches, and the values that its bytes are compared with.
COVERAGE="-Cpasses=sancov-module"
for option in level=4 inline-8bit-counters pc-table trace-compares; do
    COVERAGE+=" -Cllvm-args=-sanitizer-coverage-$option"
done

targets=("$@")
[[ ${#targets[@]} -gt 0 ]] || targets=(engine kernels path answer)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Without the flags, whose symbols only a fuzzer brings.
cargo run --locked --quiet --manifest-path "$here/Cargo.toml" --bin seeds -- "$work"
host=$(rustc -vV | sed -n 's/^host: //p')
# A target of its own keeps the flags from build scripts.
RUSTFLAGS=$COVERAGE cargo build --locked --release --manifest-path "$here/Cargo.toml" --target "$host" "${targets[@]/#/--bin=}"

failed=
for target in "${targets[@]}"; do
    artifacts=$here/artifacts/$target
    mkdir -p "$artifacts"
    echo "== $target, $SECONDS_EACH s from $(find "$work/$target" -type f | wc -l) seeds"
    if "$CARGO_TARGET_DIR/$host/release/$target" -max_total_time="$SECONDS_EACH" -timeout=20 -artifact_prefix="$artifacts/" \
        "$work/$target" >"$work/$target.log" 2>&1; then
        tail -n 1 "$work/$target.log"
    else
        tail -n 60 "$work/$target.log"
        echo "$target: a finding is in $artifacts"
        failed=1
    fi
done
[[ ! $failed ]]
