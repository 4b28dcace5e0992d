//! Reads one table of the configuration, key by key, and collects every fault with its line.
//!
//! Any value may be `{ env = "NAME" }` or `{ file = "PATH" }`, and is then read from the variable
//! or the file. Unknown keys are faults.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    fmt, fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use secrecy::{ExposeSecret, SecretString};
use strsim::levenshtein;

use super::tree::{Tree, Value};

/// The problem with a duration of zero.
pub(super) const ZERO_DURATION: &str = "must be longer than zero, for example \"10s\"";

/// Secrets with fewer characters cause a warning.
const LONG_ENOUGH: usize = 24;

/// One fault of a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigFault {
    /// The file.
    pub file: PathBuf,
    /// Its line, counted from 1; 0 where it is unknown.
    pub line: usize,
    /// The key and its problem. Never contains a secret.
    pub message: String,
}

impl fmt::Display for ConfigFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self.file.display();
        match self.line {
            0 => write!(f, "{file}: {}", self.message),
            line => write!(f, "{file}:{line}: {}", self.message),
        }
    }
}

/// The severity of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Severity {
    /// The service cannot start.
    ConfigFault,
    /// The service starts, but cannot do its work.
    Useless,
    /// The service works, but the setting is probably a mistake.
    Warning,
}

/// The inputs besides the document (a copy of the environment, and other files), and the findings
/// so far.
pub(crate) struct Source {
    pub(crate) file: PathBuf,
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) files: fn(&Path) -> io::Result<String>,
    /// Variables that are not UTF-8; the configuration may not use them.
    pub(crate) not_utf8: BTreeSet<String>,
    pub(crate) findings: RefCell<Vec<(Severity, ConfigFault)>>,
}

impl Source {
    /// A document with this environment, and the files of this machine.
    pub(crate) fn of(file: &Path, environment: BTreeMap<String, String>) -> Self {
        Self {
            file: file.to_owned(),
            environment,
            files: read_text,
            not_utf8: BTreeSet::new(),
            findings: RefCell::default(),
        }
    }

    /// A document with the environment of this process, and the files of this machine.
    pub(crate) fn of_this_process(file: &Path) -> Self {
        let mut environment = BTreeMap::new();
        let mut not_utf8 = BTreeSet::new();
        for (name, value) in std::env::vars_os() {
            // The configuration cannot refer to a name that is not UTF-8.
            let Ok(name) = name.into_string() else { continue };
            match value.into_string() {
                Ok(value) => drop(environment.insert(name, value)),
                Err(_) => drop(not_utf8.insert(name)),
            }
        }
        Self { not_utf8, ..Self::of(file, environment) }
    }

    /// Reads another document that this one refers to; its findings are added to this one's.
    pub(crate) fn with_file<T>(&self, file: &Path, read: impl FnOnce(&Self) -> T) -> T {
        let environment = self.environment.clone();
        let not_utf8 = self.not_utf8.clone();
        let inner = Self { files: self.files, not_utf8, ..Self::of(file, environment) };
        let result = read(&inner);
        self.findings.borrow_mut().append(&mut inner.findings.borrow_mut());
        result
    }

    /// Adds a finding at a line.
    pub(crate) fn note(&self, severity: Severity, line: usize, message: String) {
        let finding = ConfigFault { file: self.file.clone(), line, message };
        self.findings.borrow_mut().push((severity, finding));
    }

    /// The findings of this severity so far, in order.
    pub(crate) fn found(&self, severity: Severity) -> Vec<ConfigFault> {
        let findings = self.findings.borrow();
        let found = findings.iter().filter(|(found, _)| *found == severity);
        found.map(|(_, finding)| finding.clone()).collect()
    }

    /// Adds a fault at a line.
    pub(crate) fn fault(&self, line: usize, message: String) {
        self.note(Severity::ConfigFault, line, message);
    }

    /// The text of a scalar, of an environment variable or of a file; `None` together with a fault.
    pub(crate) fn resolve(&self, name: &str, tree: &Tree) -> Option<String> {
        match self.text(tree) {
            Ok(text) => {
                self.note_placeholder(name, tree.line, &text);
                Some(text)
            }
            Err(problem) => {
                self.fault(tree.line, format!("{name} {problem}"));
                None
            }
        }
    }

    /// Reports a placeholder `${NAME}` in `text`, which is the key or value `name`.
    pub(crate) fn note_placeholder(&self, name: &str, line: usize, text: &str) {
        if let Some(left) = placeholder(text) {
            let problem = format!("{name} still has {left}: it is not replaced");
            self.note(Severity::Useless, line, problem);
        }
    }

    fn text(&self, tree: &Tree) -> Result<String, String> {
        let table = match &tree.value {
            Value::Text(text) | Value::Number(text) => return Ok(text.clone()),
            Value::Bool(value) => return Ok(value.to_string()),
            Value::Table(table) => table,
            Value::Null | Value::List(_) => {
                return Err(format!("must be a text, not {}", tree.kind()));
            }
        };
        let text = |tree: &Tree| match &tree.value {
            Value::Text(text) => Some(text.clone()),
            _ => None,
        };
        let only = |key: &str| table.get(key).filter(|_| table.len() == 1).and_then(text);
        if let Some(name) = only("env") {
            if self.not_utf8.contains(&name) {
                return Err(format!("needs the environment variable {name}, which is not UTF-8"));
            }
            let value = self.environment.get(&name);
            return value.cloned().ok_or(format!("needs the environment variable {name}"));
        }
        if let Some(path) = only("file") {
            let path = self.path(&path);
            let text = (self.files)(&path);
            let text = text.map_err(|why| format!("needs the file {}: {why}", path.display()))?;
            return Ok(text.trim_end_matches(['\r', '\n']).to_owned());
        }
        Err("must be a text, { env = \"NAME\" } or { file = \"PATH\" }".to_owned())
    }

    /// A path, relative to the configuration file.
    pub(crate) fn path(&self, raw: &str) -> PathBuf {
        self.file.parent().unwrap_or(Path::new("")).join(raw)
    }
}

/// A table that is being read.
pub(crate) struct Section<'a> {
    pub(crate) source: &'a Source,
    name: String,
    line: usize,
    table: BTreeMap<String, Tree>,
    asked: RefCell<BTreeSet<&'static str>>,
}

impl<'a> Section<'a> {
    /// The table `tree`; a fault and an empty section when it is something else.
    pub(crate) fn of(source: &'a Source, name: &str, tree: &Tree) -> Self {
        let table = if let Value::Table(table) = &tree.value {
            table.clone()
        } else {
            source.fault(tree.line, format!("{name} must be a table, not {}", tree.kind()));
            BTreeMap::new()
        };
        let asked = RefCell::default();
        Self { source, name: name.to_owned(), line: tree.line, table, asked }
    }

    /// The key with its path, for example `customer.policy.tax`.
    pub(crate) fn key(&self, key: &str) -> String {
        if self.name.is_empty() { key.to_owned() } else { format!("{}.{key}", self.name) }
    }

    /// The line of a key, or of the table where the key is missing.
    pub(crate) fn line_of(&self, key: &str) -> usize {
        self.table.get(key).map_or(self.line, |it| it.line)
    }

    /// Adds a finding at a key.
    pub(crate) fn note(&self, severity: Severity, key: &str, problem: &str) {
        self.source.note(severity, self.line_of(key), format!("{} {problem}", self.key(key)));
    }

    /// Adds a fault at a key.
    pub(crate) fn fault(&self, key: &str, problem: &str) {
        self.note(Severity::ConfigFault, key, problem);
    }

    /// The value of a key, unread.
    pub(crate) fn tree(&self, key: &'static str) -> Option<&Tree> {
        self.asked.borrow_mut().insert(key);
        self.table.get(key)
    }

    /// A table below this one.
    pub(crate) fn section(&self, key: &'static str) -> Option<Section<'a>> {
        let tree = self.tree(key)?;
        Some(Section::of(self.source, &self.key(key), tree))
    }

    /// A key as text, its environment variable or file resolved.
    pub(crate) fn text(&self, key: &'static str) -> Option<String> {
        let tree = self.tree(key)?;
        self.source.resolve(&self.key(key), tree)
    }

    /// A key, parsed; a fault when it does not parse.
    pub(crate) fn get<T, E: fmt::Display>(
        &self,
        key: &'static str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let text = self.text(key)?;
        match parse(&text) {
            Ok(value) => Some(value),
            Err(why) => {
                self.fault(key, &why.to_string());
                None
            }
        }
    }

    /// A required key.
    pub(crate) fn required<T, E: fmt::Display>(
        &self,
        key: &'static str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        if self.tree(key).is_none() {
            self.fault(key, "is missing");
            return None;
        }
        self.get(key, parse)
    }

    /// A list of texts that all parse and are not empty; each other text is a fault. `None` where
    /// the key is missing, or together with a fault.
    pub(crate) fn list<T, E: fmt::Display>(
        &self,
        key: &'static str,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Option<Vec<T>> {
        let tree = self.tree(key)?;
        let items = match &tree.value {
            Value::List(items) if !items.is_empty() => items,
            _ => {
                self.fault(key, "must be a list of at least one text");
                return None;
            }
        };
        let name = self.key(key);
        let read = |item: &Tree| {
            let text = self.source.resolve(&name, item)?;
            let note = |why: E| self.source.fault(item.line, format!("{name} {why}"));
            parse(&text).map_err(note).ok()
        };
        let parsed: Vec<_> = items.iter().map(read).collect();
        parsed.into_iter().collect()
    }

    /// A duration such as `"10s"`, or its default.
    pub(crate) fn duration(&self, key: &'static str, default: Duration) -> Duration {
        let duration = self.get(key, duration).unwrap_or(default);
        if duration.is_zero() {
            self.note(Severity::Useless, key, ZERO_DURATION);
        }
        duration
    }

    /// Warns of secrets that can be guessed.
    pub(crate) fn warn_of_short(&self, key: &str, secrets: &[SecretString]) {
        let lengths = secrets.iter().map(|secret| secret.expose_secret().chars().count());
        if let Some(length) = lengths.min().filter(|length| *length < LONG_ENOUGH) {
            let problem =
                format!("has only {length} characters: {LONG_ENOUGH} or more are hard to guess");
            self.note(Severity::Warning, key, &problem);
        }
    }

    /// One of the listed words, or the default.
    pub(crate) fn choice<T: Copy>(&self, key: &'static str, words: &[(&str, T)], default: T) -> T {
        self.get(key, |text| one_of(text, words)).unwrap_or(default)
    }

    /// All keys with their values; all count as read.
    pub(crate) fn entries(self) -> BTreeMap<String, Tree> {
        self.table
    }

    /// Faults for unknown keys; the section has been read.
    pub(crate) fn done(self) {
        self.unknown();
    }

    /// Faults for the keys not read so far.
    pub(crate) fn unknown(&self) {
        let asked = self.asked.borrow();
        for (key, tree) in &self.table {
            if !asked.contains(key.as_str()) {
                let known = asked.iter().min_by_key(|it| levenshtein(it, key));
                let hint = known.filter(|it| levenshtein(it, key) < 3);
                let hint = hint.map(|it| format!("; did you mean {it}?")).unwrap_or_default();
                self.source.fault(tree.line, format!("{} is not a known key{hint}", self.key(key)));
            }
        }
    }
}

/// Whether the value refers to an environment variable or a file.
pub(crate) fn is_reference(tree: &Tree) -> bool {
    match &tree.value {
        Value::Table(table) => {
            table.len() == 1 && table.keys().all(|it| it == "env" || it == "file")
        }
        _ => false,
    }
}

/// The text of a file of this machine.
pub(crate) fn read_text(path: &Path) -> io::Result<String> {
    let text = String::from_utf8(fs::read(path)?);
    text.map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8"))
}

/// A placeholder such as `${NAME}` or `${NAME:-default}` that another tool should have replaced.
/// Only its name is returned, because the text around it may be a secret.
fn placeholder(text: &str) -> Option<String> {
    let is_first = |letter: char| letter.is_ascii_alphabetic() || letter == '_';
    let is_next = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let name = |rest: &str| {
        let end = rest.find(|letter| !is_next(letter))?;
        let (name, rest) = rest.split_at(end);
        let is_closed = rest.starts_with('}')
            || rest.starts_with([':', '-', '+', '?', '=']) && rest.contains('}');
        (name.starts_with(is_first) && is_closed).then(|| format!("${{{name}}}"))
    };
    text.match_indices("${").find_map(|(at, begin)| name(&text[at + begin.len()..]))
}

/// Reads `"10s"`, `"15m"`, `"72h"`, `"500ms"` or `"7d"`.
pub(crate) fn duration(raw: &str) -> Result<Duration, &'static str> {
    const PROBLEM: &str = "must be a duration such as \"10s\", \"15m\" or \"72h\"";
    let split = raw.find(|c: char| !c.is_ascii_digit()).ok_or(PROBLEM)?;
    let number: u64 = raw[..split].parse().map_err(|_| PROBLEM)?;
    let millis = match &raw[split..] {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err(PROBLEM),
    };
    number.checked_mul(millis).map(Duration::from_millis).ok_or(PROBLEM)
}

/// One of the listed words. The fault does not repeat the text: it may come from an environment
/// variable that was meant for another key.
pub(crate) fn one_of<T: Clone>(text: &str, words: &[(&str, T)]) -> Result<T, String> {
    let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| value.clone());
    found.ok_or_else(|| {
        let words: Vec<_> = words.iter().map(|(word, _)| format!("{word:?}")).collect();
        format!("must be {}", words.join(" or "))
    })
}
