use super::*;

#[test]
fn secrets_are_redacted_before_the_text_is_cut() {
    let (secret, empty) = (SecretString::from("s3cret"), SecretString::from(""));
    let long = format!("{}s3cret{}", "x".repeat(297), "y".repeat(99));
    let table = [
        ("no s3cret here, s3cret", "no [redacted] here, [redacted]".to_owned()),
        (" line\nbreak\t ", "line break".to_owned()),
        ("of\njane@example.com", "of [redacted]".to_owned()),
        (&long, format!("{}[re", "x".repeat(297))),
    ];
    for (said, expected) in table {
        assert_eq!(quote(said, &[&secret, &empty]), expected, "{said:?}");
    }
}

#[test]
fn cutting_is_idempotent() {
    for text in ["ab cd", "  ab cd", "ab", "é  é", "   "] {
        let once = cut(text, 3);
        assert_eq!(cut(&once, 3), once, "{text:?}");
    }
}
