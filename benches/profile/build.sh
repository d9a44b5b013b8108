#!/usr/bin/env bash
# Builds last4 as its image has it: with the profile of a load, which tells the compiler what is run most. Takes three times as long as
# `cargo build --release`, and leaves the program at target/profiled/last4 (or where CARGO_TARGET_DIR says).
#
# The profile is made anew each time and is no part of the repository: it holds for one version of the code and the compiler.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

host=$(rustc -vV | sed -n 's/^host: //p')
profdata=$(rustc --print sysroot)/lib/rustlib/$host/bin/llvm-profdata
[[ -x $profdata ]] || rustup component add llvm-tools

folder=$(realpath -m "${CARGO_TARGET_DIR:-target}")/profiled
counts=$folder/counts
# What was built by another profile is of no use.
rm -rf "$counts" "$folder/optimized"
mkdir -p "$counts"

flags=${RUSTFLAGS:-}
unset RUSTFLAGS CARGO_ENCODED_RUSTFLAGS CARGO_BUILD_TARGET CARGO_TARGET_DIR

# A target is named so that the flags reach the program and not the build scripts. The last of them may have spaces in its path.
between=$'\x1f'
build() {
    CARGO_ENCODED_RUSTFLAGS="${flags:+${flags// /$between}$between}$2" \
        cargo build --locked --release --bin last4 --target "$host" --target-dir "$folder/$1"
}

cargo build --locked --release --package profile --manifest-path benches/Cargo.toml --target-dir "$folder/load"
build counting "-Cprofile-generate=$counts"
LLVM_PROFILE_FILE=$counts/%p.profraw "$folder/load/release/profile" "$folder/counting/$host/release/last4" >"$folder/load.log" 2>&1 ||
    { tail -n 20 "$folder/load.log"; exit 1; }
"$profdata" merge --output "$folder/merged" "$counts"
# By its content, for cargo does not look into it.
profile=$folder/$(sha256sum "$folder/merged" | cut -c1-16).profdata
rm -f "$folder"/*.profdata
mv "$folder/merged" "$profile"
build optimized "-Cprofile-use=$profile"
cp "$folder/optimized/$host/release/last4" "$folder/last4"
