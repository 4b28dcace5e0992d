//! Golden files: what code writes, compared byte for byte with files in the repository.
//! `UPDATE_GOLDEN=1 cargo test` rewrites them.

use std::{collections::BTreeSet, env, fs, path::Path};

/// The variable that makes tests rewrite the files. Only `1` does.
const UPDATE: &str = "UPDATE_GOLDEN";

/// Compares each text with the file of its name in a folder that holds nothing else.
/// With `UPDATE_GOLDEN=1` it writes the files instead, and deletes those without a text.
#[expect(clippy::disallowed_methods, reason = "it belongs to a test run, not to a service")]
#[track_caller]
pub fn assert_golden<'a>(folder: &Path, texts: impl IntoIterator<Item = (&'a str, String)>) {
    let is_update = env::var(UPDATE).is_ok_and(|it| it == "1");
    assert_or_update(folder, texts, is_update);
}

#[track_caller]
fn assert_or_update<'a>(
    folder: &Path,
    texts: impl IntoIterator<Item = (&'a str, String)>,
    is_update: bool,
) {
    let entries = fs::read_dir(folder).unwrap();
    let mut without_text: BTreeSet<_> = entries.map(|it| it.unwrap().file_name()).collect();
    for (name, text) in texts {
        without_text.remove(name.as_ref() as &std::ffi::OsStr);
        let file = folder.join(name);
        if is_update {
            fs::write(&file, text).unwrap();
            continue;
        }
        let golden = fs::read_to_string(&file).unwrap_or_default();
        let mut lines = (1..).zip(text.lines().zip(golden.lines()));
        if let Some((number, (actual, expected))) = lines.find(|(_, (a, b))| a != b) {
            assert_eq!(actual, expected, "{name}, line {number}; to accept it: {UPDATE}=1");
        }
        assert!(text == golden, "{name} is longer or shorter than its golden file");
    }
    if is_update {
        for name in without_text {
            fs::remove_file(folder.join(name)).unwrap();
        }
    } else {
        assert!(without_text.is_empty(), "no test writes {without_text:?}");
    }
}

#[cfg(test)]
mod tests {
    use std::panic;

    use super::*;

    #[test]
    fn a_difference_fails_and_an_update_accepts_it() {
        let folder = env::temp_dir().join(format!("golden-{}", std::process::id()));
        fs::create_dir(&folder).unwrap();
        let files = |texts: &[(&'static str, &str)]| -> Vec<(&'static str, String)> {
            texts.iter().map(|&(name, text)| (name, text.to_owned())).collect()
        };
        let fails = |texts: &[(&'static str, &str)]| {
            let texts = files(texts);
            panic::catch_unwind(|| assert_or_update(&folder, texts, false)).is_err()
        };
        let texts = [("a.txt", "1\n2\n"), ("b.txt", "")];
        assert!(fails(&texts), "a file is missing");
        assert_or_update(&folder, files(&texts), true);
        assert!(!fails(&texts));
        assert!(fails(&[("a.txt", "1\n3\n"), ("b.txt", "")]), "a line differs");
        assert!(fails(&[("a.txt", "1\n2"), ("b.txt", "")]), "the last line break is missing");
        assert!(fails(&texts[..1]), "a file without a text");
        assert_or_update(&folder, files(&texts[..1]), true);
        assert!(!fails(&texts[..1]));
        fs::remove_dir_all(&folder).unwrap();
    }
}
