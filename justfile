# Everyday commands; `just` lists them. CONTRIBUTING.md says when to use which.

# Lists the commands.
default:
    @just --list

# Formats all code.
fmt:
    cargo fmt --all
    cargo fmt --manifest-path tests/fuzz/Cargo.toml

# Format, clippy, documentation, dependencies: as CI checks them.
lint:
    .ci/run lint

# All tests that need only Rust; with a filter, those of one crate: `just test domain readiness`.
test crate="" filter="":
    cargo test {{ if crate == "" { "--workspace" } else { "-p " + crate } }} {{ filter }}

# The outside tests whose path contains the filter: `just it http::limits`.
it filter="":
    cargo test -p tests --test it {{ filter }}

# The tests that need SQS or PostgreSQL.
stores:
    .ci/run stores

# Simulation seeds: `just sim 0..1000`, one with its trace: `just sim 42..43 --trace`.
sim seeds="0..1000" *options="":
    cargo run --release -p tests --bin simulate -- --seeds {{ seeds }} {{ options }}

# Wire simulation seeds.
wire seeds="0..60" *options="":
    cargo run --release -p tests --bin simulate -- --wire --seeds {{ seeds }} {{ options }}

# One fuzz target for some seconds; needs nightly Rust and cargo-fuzz.
fuzz target seconds="60":
    cargo +nightly fuzz run --fuzz-dir tests/fuzz {{ target }} -- -max_total_time={{ seconds }} -rss_limit_mb=4096 -timeout=20

# One benchmark: events, accepts, drain, journal, soap or sqs.
bench name:
    cargo bench -p tests --bench {{ name }}

# Rewrites the golden files from the code; look at the difference before committing it.
golden:
    UPDATE_GOLDEN=1 cargo test --workspace requests_are
    git diff --stat '*/testdata/golden'

# The demo against simulated systems; `just sandbox --keep` stays up.
sandbox *options="":
    cargo run --release -- sandbox {{ options }}

# Everything that must hold before a change lands.
ci:
    .ci/run
