//! What `/metrics` shows, read.

use std::collections::{BTreeMap, BTreeSet};

/// Prometheus text, taken apart.
#[derive(Debug, Default)]
pub struct Exposition {
    /// The kind of each metric by its name.
    pub kinds: BTreeMap<String, String>,
    /// The metrics that are explained.
    pub explained: BTreeSet<String>,
    /// Everything that has a value.
    pub samples: Vec<Sample>,
}

/// One line with a value.
#[derive(Debug)]
pub struct Sample {
    /// The name, a histogram's suffix included.
    pub name: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its value.
    pub value: f64,
}

impl Exposition {
    /// Reads it; fails on a line that Prometheus could not read.
    #[track_caller]
    #[must_use]
    pub fn read(text: &str) -> Self {
        let mut read = Self::default();
        for line in text.lines().filter(|it| !it.is_empty()) {
            let words: Vec<&str> = line.splitn(4, ' ').collect();
            match words[..] {
                ["#", "TYPE", name, kind] => {
                    read.kinds.insert(name.to_owned(), kind.to_owned());
                }
                ["#", "HELP", name, _] => {
                    read.explained.insert(name.to_owned());
                }
                _ => read.samples.push(sample(line).unwrap_or_else(|| panic!("no sample: {line}"))),
            }
        }
        read
    }

    /// The sum of what has this name and all of these labels; `None` when nothing has.
    #[must_use]
    pub fn value(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let has = |it: &Sample, (label, value): &(&str, &str)| {
            it.labels.get(*label).is_some_and(|it| it == value)
        };
        let of_name = self.samples.iter().filter(|sample| sample.name == name);
        let found = of_name.filter(|it| labels.iter().all(|label| has(it, label)));
        let values: Vec<f64> = found.map(|it| it.value).collect();
        (!values.is_empty()).then(|| values.iter().sum())
    }
}

fn sample(line: &str) -> Option<Sample> {
    let (series, value) = line.rsplit_once(' ')?;
    let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
    let mut labels = labels.strip_suffix('}')?;
    let mut read = BTreeMap::new();
    while let Some((label, rest)) = labels.split_once("=\"") {
        let (value, rest) = rest.split_once('"')?;
        read.insert(label.to_owned(), value.to_owned());
        labels = rest.strip_prefix(',').unwrap_or(rest);
    }
    let value = value.parse().ok()?;
    labels.is_empty().then(|| Sample { name: name.to_owned(), labels: read, value })
}
