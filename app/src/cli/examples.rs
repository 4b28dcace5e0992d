//! The examples in the help texts.

/// The examples of the program.
pub(super) fn all() -> String {
    let sandbox = if cfg!(feature = "sandbox") { IN_THE_SANDBOX } else { "" };
    format!("Examples:\n{sandbox}{FURTHER}")
}

const IN_THE_SANDBOX: &str =
    "  memobridge sandbox                          # end-to-end demo, needs no configuration\n";

const FURTHER: &str = "  \
  memobridge check --config memobridge.toml   # before the first start
  memobridge serve --config memobridge.toml
  export MEMOBRIDGE_CONFIG=memobridge.toml    # replaces --config
  memobridge list --state parked              # what needs manual action

See also the examples of each command: memobridge list --help
Exit codes: 0 success, 1 the command failed or found a problem, 2 wrong usage or configuration,
3 a background task of serve failed, 141 the reader closed the output.";

#[cfg(feature = "sandbox")]
pub(super) const SANDBOX: &str = "\
Examples:
  memobridge sandbox          # runs the samples and ends
  memobridge sandbox --keep   # keeps running: send events, see /metrics and /api";

pub(super) const SERVE: &str = "\
Examples:
  memobridge serve --config memobridge.toml
  RUST_LOG=debug memobridge serve --config memobridge.toml   # more log lines";

pub(super) const LIST: &str = "\
Examples:
  memobridge list --state parked   # what needs manual action
  memobridge list --order 9f4e8ffc-c79c-5839-b1b7-d65a26e60ef6
  memobridge list --tenant dodici --since 48h
  memobridge list --state parked --json | jq -r .reason | sort | uniq -c   # all of them

Without --limit it prints the newest 100 and how many match; with --json all.";

pub(super) const SHOW: &str = "\
Examples:
  memobridge show can-0123456789abcdef0123   # reason, fix, memos and amounts
  memobridge show can-0123456789abcdef0123 --json";

pub(super) const RETRY: &str = "\
Examples:
  memobridge retry can-0123456789abcdef0123
  memobridge retry can-0123456789abcdef0123 can-89abcdef0123456701ab
  memobridge retry --state parked --reason unmapped --dry-run   # how many, how much
  memobridge retry --state parked --reason unmapped
  memobridge retry --state parked --tenant dodici --since 2026-11-21
  memobridge retry --state parked --order 9f4e8ffc-c79c-5839-b1b7-d65a26e60ef6

A posted or skipped cancellation cannot be retried. Its history notes each retry.";

pub(super) const SUBMIT: &str = "\
Examples:
  memobridge submit event.json

event.json is what NewStore sends:
  {\"tenant\": \"dodici\", \"name\": \"order.items_cancelled\",
   \"published_at\": \"2026-11-21T09:30:00Z\",
   \"payload\": {\"id\": \"9f4e8ffc-c79c-5839-b1b7-d65a26e60ef6\",
               \"items\": [{\"id\": \"dc333267-856c-421a-ac7a-e08291642d76\"}]}}";

pub(super) const CHECK: &str = "\
Examples:
  memobridge check --config memobridge.toml";

pub(super) const DOCTOR: &str = "\
Examples:
  memobridge doctor --config memobridge.toml
  memobridge doctor --config memobridge.toml | grep -v ^ok   # only errors, warnings and unknowns";

pub(super) const COMPLETIONS: &str = "\
Examples:
  memobridge completions bash > /etc/bash_completion.d/memobridge
  memobridge completions zsh > ~/.zfunc/_memobridge
  memobridge completions fish > ~/.config/fish/completions/memobridge.fish";
