//! The example configuration with lines changed, or any text: a configuration, or faults that
//! name a key and never tell a secret.
//!
//! `cargo +nightly fuzz run --fuzz-dir tests/fuzz configuration`
#![no_main]

use std::{
    collections::BTreeMap,
    io::{Error, ErrorKind},
    path::Path,
    sync::LazyLock,
};

use app::config::{ConfigError, fuzzing::FuzzEnvironment};
use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;

const EXAMPLE: &str = include_str!("../../../docs/memobridge.example.toml");
/// What every secret begins with; no example and no document has it.
const SECRET: &str = "s3cret";

static WORLD: LazyLock<FuzzEnvironment> = LazyLock::new(|| {
    let names = EXAMPLE.split("env = \"").skip(1).filter_map(|it| it.split('"').next());
    let secrets = names.map(|name| (name.to_owned(), format!("{SECRET}\"{name}")));
    let environment: BTreeMap<_, _> = secrets.collect();
    let files = |path: &Path| match path.file_name() {
        Some(name) if name == "secret" => Ok(format!("{SECRET} of a file\n")),
        _ => Err(Error::from(ErrorKind::NotFound)),
    };
    FuzzEnvironment { environment, files }
});

#[derive(Arbitrary, Debug)]
enum Document<'a> {
    Any(&'a str),
    Example(Vec<Change<'a>>),
}

/// What happens to one line of the example.
#[derive(Arbitrary, Debug)]
struct Change<'a> {
    line: u8,
    how: How<'a>,
}

#[derive(Arbitrary, Debug)]
enum How<'a> {
    Replaced(&'a str),
    Set(Setting<'a>),
}

/// What comes behind the `=` of a line, a comment's too.
#[derive(Arbitrary, Debug)]
enum Setting<'a> {
    Text(&'a str),
    Number(i64),
    Flag(bool),
    Secret,
    SecretFile,
    Raw(&'a str),
}

fuzz_target!(|document: Document<'_>| {
    let text = document.text();
    match WORLD.config(Path::new("/etc/memobridge/memobridge.toml"), &text) {
        Ok(config) if document.keeps_secrets_in_place() => {
            let shown = format!("{config:?}");
            assert!(!shown.contains(SECRET), "{shown}");
        }
        Ok(_) => {}
        Err(ConfigError::Faults(faults)) => {
            assert!(!faults.is_empty());
            let lines = text.split('\n').count();
            for it in faults {
                assert!(it.line <= lines && !it.message.is_empty(), "{it}");
                assert!(!it.message.contains(SECRET) || text.contains(SECRET), "{it}");
            }
        }
        Err(error) => panic!("{error}"),
    }
});

impl Document<'_> {
    fn text(&self) -> String {
        let changes = match self {
            Self::Any(text) => return (*text).to_owned(),
            Self::Example(changes) => changes,
        };
        let mut lines: Vec<_> = EXAMPLE.lines().map(str::to_owned).collect();
        for it in changes {
            let count = lines.len();
            let line = &mut lines[usize::from(it.line) % count];
            match &it.how {
                How::Replaced(text) => (*text).clone_into(line),
                How::Set(setting) => {
                    if let Some((key, _)) = line.split_once('=') {
                        *line =
                            format!("{} = {}", key.trim_start_matches(['#', ' ']), setting.text());
                    }
                }
            }
        }
        lines.join("\n")
    }

    /// Whether every secret is the value of a key that is for secrets.
    fn keeps_secrets_in_place(&self) -> bool {
        let harmless = |it: &Change<'_>| match it.how {
            How::Set(Setting::Text(text)) => !text.contains(SECRET),
            How::Set(Setting::Number(_) | Setting::Flag(_)) => true,
            How::Replaced(_) | How::Set(_) => false,
        };
        matches!(self, Self::Example(changes) if changes.iter().all(harmless))
    }
}

impl Setting<'_> {
    fn text(&self) -> String {
        match self {
            Self::Text(text) => serde_json::json!(text).to_string(),
            Self::Number(number) => number.to_string(),
            Self::Flag(flag) => flag.to_string(),
            Self::Secret => "{ env = \"DODICI_CLIENT_SECRET\" }".to_owned(),
            Self::SecretFile => "{ file = \"secret\" }".to_owned(),
            Self::Raw(text) => (*text).to_owned(),
        }
    }
}
