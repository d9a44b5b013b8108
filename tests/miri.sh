#!/usr/bin/env bash
# Runs the engine in Miri, which sees every access to memory that is out of bounds or otherwise undefined: with portable code, and on
# x86-64 also with AVX2. It is far slower than a processor, so its share is small. Installs a nightly toolchain with Miri where
# that is missing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

cargo +nightly miri --version >/dev/null 2>&1 || rustup toolchain install nightly --profile minimal --component miri,rust-src

# The tests that have cases few enough for it.
run() {
    cargo +nightly miri test --locked --no-default-features "$@"
}
run --lib mask::
run --test it kernels_agree
if [[ $(uname -m) == x86_64 ]]; then
    # Miri cannot detect features of a processor: it has those that the code is compiled for.
    export RUSTFLAGS="-Ctarget-feature=+avx2,+pclmulqdq,+bmi1,+bmi2,+popcnt,+lzcnt"
    run --lib kernel::
    run --test it kernels_agree
fi
