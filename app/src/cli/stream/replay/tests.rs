use clap::Parser;

use super::*;

#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    replay: Replay,
}

/// 2026-11-25T12:00:00.500Z
const NOW: i64 = 1_795_608_000_500;

/// The requested window as instants, or the error.
fn window(arguments: &str) -> String {
    let all = ["replay", "--config", "x"].into_iter().chain(arguments.split_whitespace());
    let arguments = match Arguments::try_parse_from(all) {
        Ok(arguments) => arguments.replay,
        Err(why) => return why.to_string().lines().next().unwrap_or_default().to_owned(),
    };
    match arguments.window(Timestamp::from_millis(NOW)) {
        Ok(Some(window)) => format!("{} {}", instant(window.since()), instant(window.until())),
        Ok(None) => "none".to_owned(),
        Err(CommandError::Usage(why)) => why.to_string(),
        Err(_) => "another failure".to_owned(),
    }
}

#[test]
fn a_window_is_whole_seconds_up_to_now() {
    let table = [
        ("--since 2026-11-21 --until 2026-11-22", "2026-11-21T00:00:00Z 2026-11-22T00:00:00Z"),
        (
            "--since 2026-11-21T09:30:00.162Z --until 2026-11-21T11:30:00.001+01:00",
            "2026-11-21T09:30:00Z 2026-11-21T10:30:01Z",
        ),
        ("--since 2026-11-25", "2026-11-25T00:00:00Z 2026-11-25T12:00:01Z"),
        ("--clean", "none"),
        ("--clean --since 2026-11-25T11:59:59Z", "2026-11-25T11:59:59Z 2026-11-25T12:00:01Z"),
        ("--since 2026-11-22 --until 2026-11-21", "--since must be before --until"),
        ("--since 2026-11-22 --until 2026-11-22", "--since must be before --until"),
        ("--since 2026-11-22 --until 2026-11-26", "--until must not be in the future"),
        ("", "error: the following required arguments were not provided:"),
        (
            "--clean --until 2026-11-21",
            "error: the following required arguments were not provided:",
        ),
    ];
    for (arguments, expected) in table {
        assert_eq!(window(arguments), expected, "{arguments:?}");
    }
    let wrong = window("--since yesterday");
    assert!(wrong.contains("must be a time such as"), "{wrong}");
}
