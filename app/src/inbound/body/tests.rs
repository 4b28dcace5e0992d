use std::io::Write;

use flate2::{Compression, write::GzEncoder};

use super::*;

fn packed(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn status(body: &[u8], most: usize) -> u16 {
    unpacked(body, most).map_or_else(|why| EventAnswer::from(why).status.as_u16(), |_| 200)
}

#[test]
fn what_is_packed_is_unpacked_up_to_the_limit() {
    let text = vec![b' '; 1000];
    assert_eq!(unpacked(&packed(&text), 1000).ok().as_deref(), Some(&text[..]));
    assert_eq!(status(&packed(&text), 999), 413);
    assert_eq!(status(&packed(&[]), 1), 200);
    let in_two = [packed(&text[..1]), packed(&text[1..])].concat();
    assert_eq!(unpacked(&in_two, 1000).ok().as_deref(), Some(&text[..]));
    assert_eq!(status(&in_two, 999), 413);
}

#[test]
fn what_is_not_packed_is_taken_as_it_is() {
    for body in [&b"{}"[..], b"", b"\x1f", b"\x8b\x1f"] {
        assert_eq!(unpacked(body, 0).ok().as_deref(), Some(body));
    }
}

#[test]
fn a_bomb_costs_no_more_than_a_body_of_the_limit() {
    let bomb = packed(&vec![0; 64 * 1024 * 1024]);
    assert!(bomb.len() < 100_000, "{} bytes", bomb.len());
    assert_eq!(status(&bomb, 1_048_576), 413);
}

#[test]
fn what_gzip_itself_ignores_behind_the_last_member_is_ignored() {
    let text = b"{\"tenant\":\"dodici\"}";
    for behind in [&b"\n"[..], b"\r\n", b"\0\0\0\0", b" \t\n\0"] {
        let body = [&packed(text), behind].concat();
        assert_eq!(unpacked(&body, 1000).ok().as_deref(), Some(&text[..]), "{behind:?}");
    }
    assert_eq!(status(&[&packed(text), &b"{}"[..]].concat(), 1000), 400);
}

#[test]
fn what_ends_too_early_is_sent_again() {
    let whole = packed(b"{\"tenant\":\"dodici\"}");
    for length in 2..whole.len() {
        assert_eq!(status(&whole[..length], 1000), 500, "{length} bytes of it");
    }
    let second = [&whole[..], &whole[..10]].concat();
    assert_eq!(status(&second, 1000), 500);
}

#[test]
fn what_is_damaged_is_malformed() {
    let mut whole = packed(b"{\"tenant\":\"dodici\"}");
    let last = whole.len() - 1;
    whole[last] ^= 1;
    assert_eq!(status(&whole, 1000), 400, "a wrong length");
    assert_eq!(status(b"\x1f\x8bno gzip at all", 1000), 400);
}

#[test]
fn an_encoding_that_is_not_read_is_named_unless_it_was_decoded_on_the_way() {
    let is_readable = |encodings: &[&str], body: &[u8]| {
        let mut headers = HeaderMap::new();
        for encoding in encodings {
            headers.append(header::CONTENT_ENCODING, encoding.parse().unwrap());
        }
        Encoding::of(&headers).is_readable(body)
    };
    for readable in [&[][..], &["gzip"], &["X-GZIP, identity"], &["identity", "gzip"], &[""]] {
        assert!(is_readable(readable, b"\x78\x9c"), "{readable:?}");
    }
    for other in [&["deflate"][..], &["br"], &["gzip, zstd"], &["gzip", "deflate"]] {
        assert!(!is_readable(other, b"\x78\x9c"), "{other:?}");
        for decoded in [&b" {}"[..], b"\xef\xbb\xbf{}", &packed(b"{}")] {
            assert!(is_readable(other, decoded), "{other:?} {decoded:?}");
        }
    }
}
