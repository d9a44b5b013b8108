#!/usr/bin/env bash
# Runs the engine's tests on an emulated 64-bit Arm processor, for its own vector instructions. Installs what is missing for it.
#
#   aarch64.sh [ARGUMENT ...]   all, or what `cargo test` is to do with these arguments
#
# On such a processor itself `cargo test` does the same.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source tests/harness/setup.sh

[[ $# -gt 0 ]] || set -- --lib --test it
target=aarch64-unknown-linux-gnu
package gcc-aarch64-linux-gnu aarch64-linux-gnu-gcc
package libc6-dev-arm64-cross /usr/aarch64-linux-gnu/include
package qemu-user qemu-aarch64
[[ -d $(rustc --print sysroot)/lib/rustlib/$target ]] || rustup target add "$target"

export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="qemu-aarch64 -L /usr/aarch64-linux-gnu"
cargo clippy --locked --no-default-features --target "$target" -- -D warnings
# Optimised, what the emulator has to do is done several times as fast.
CARGO_PROFILE_TEST_OPT_LEVEL=1 cargo test --locked --no-default-features --target "$target" "$@"
