use super::*;

fn keys(keys: &[&str]) -> Keys {
    Keys::new(keys.iter().map(|key| (*key).into()).collect())
}

#[test]
fn any_listed_key_is_accepted_and_nothing_else() {
    let rotating = keys(&["old-key", "new-key-which-is-longer"]);
    let table = [
        ("old-key", true),
        ("new-key-which-is-longer", true),
        ("old-ke", false),
        ("old-keyy", false),
        ("OLD-KEY", false),
        ("", false),
    ];
    for (presented, expected) in table {
        assert_eq!(rotating.accept(presented), expected, "{presented:?}");
    }
}

#[test]
fn empty_keys_accept_nothing() {
    for none in [keys(&[]), keys(&[""]), keys(&["", "  "])] {
        for presented in ["", " ", "  "] {
            assert!(!none.accept(presented), "{presented:?}");
        }
    }
}

#[test]
fn keys_are_never_shown() {
    assert_eq!(format!("{:?}", keys(&["old-key", "new-key"])), "Keys(2)");
}

#[test]
fn a_fingerprint_identifies_a_key_without_revealing_it() {
    let text = fingerprint("old-key");
    assert_eq!(text.len(), 8);
    assert_eq!(text, fingerprint("old-key"));
    assert_ne!(text, fingerprint("old-kez"));
}
