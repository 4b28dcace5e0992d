use super::*;

#[test]
fn every_command_can_be_parsed() {
    Arguments::command().debug_assert();
}

/// The example commands of a help text, without pipes, redirections and comments.
fn shown(help: &str) -> Vec<Vec<&str>> {
    let lines = help.lines().filter_map(|it| it.split_once("memobridge "));
    let commands = lines.filter(|(before, _)| before.starts_with("  "));
    let ends = [" > ", " | ", " # "];
    let cut = |text| ends.iter().fold(text, |it: &str, end| it.split(end).next().unwrap());
    commands.map(|(_, text)| cut(text).split_whitespace().collect()).collect()
}

#[test]
fn thousands_are_apart() {
    let table =
        [(0, "0"), (100, "100"), (1_000, "1,000"), (49_905, "49,905"), (1_234_567, "1,234,567")];
    for (number, expected) in table {
        assert_eq!(list::grouped(number), expected);
    }
}

#[test]
fn every_command_has_examples_that_parse() {
    let all = Arguments::command();
    for command in std::iter::once(&all).chain(all.get_subcommands()) {
        let name = command.get_name();
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let examples = shown(&help);
        assert!(!examples.is_empty(), "{name} has no example");
        for mut example in examples {
            assert!(name == "memobridge" || example[0] == name, "{name} shows {example:?}");
            let needs_config = !["sandbox", "completions"].contains(&example[0]);
            if needs_config && !example.contains(&"--config") {
                example.extend(["--config", "memobridge.toml"]);
            }
            let line = std::iter::once("memobridge").chain(example.iter().copied());
            let parsed = Arguments::try_parse_from(line);
            assert!(parsed.is_ok(), "{example:?}: {}", parsed.unwrap_err());
        }
    }
}
