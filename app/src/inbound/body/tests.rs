use std::io::Write;

use flate2::{Compression, write::GzEncoder};

use super::*;

fn gzipped(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn status(body: &[u8], most: usize) -> u16 {
    decompressed(body, most).map_or_else(|why| EventAnswer::from(why).status.as_u16(), |_| 200)
}

#[test]
fn a_gzip_body_is_decompressed_up_to_the_limit() {
    let text = vec![b' '; 1000];
    assert_eq!(decompressed(&gzipped(&text), 1000).ok().as_deref(), Some(&text[..]));
    assert_eq!(status(&gzipped(&text), 999), 413);
    assert_eq!(status(&gzipped(&[]), 1), 200);
    let in_two = [gzipped(&text[..1]), gzipped(&text[1..])].concat();
    assert_eq!(decompressed(&in_two, 1000).ok().as_deref(), Some(&text[..]));
    assert_eq!(status(&in_two, 999), 413);
}

#[test]
fn an_uncompressed_body_stays_unchanged() {
    for body in [&b"{}"[..], b"", b"\x1f", b"\x8b\x1f"] {
        assert_eq!(decompressed(body, 0).ok().as_deref(), Some(body));
    }
}

#[test]
fn a_decompression_bomb_is_rejected_at_the_limit() {
    let bomb = gzipped(&vec![0; 64 * 1024 * 1024]);
    assert!(bomb.len() < 100_000, "{} bytes", bomb.len());
    assert_eq!(status(&bomb, 1_048_576), 413);
}

#[test]
fn padding_after_the_last_gzip_member_is_ignored() {
    let text = b"{\"tenant\":\"dodici\"}";
    for behind in [&b"\n"[..], b"\r\n", b"\0\0\0\0", b" \t\n\0"] {
        let body = [&gzipped(text), behind].concat();
        assert_eq!(decompressed(&body, 1000).ok().as_deref(), Some(&text[..]), "{behind:?}");
    }
    assert_eq!(status(&[&gzipped(text), &b"{}"[..]].concat(), 1000), 400);
}

#[test]
fn an_incomplete_gzip_body_is_answered_500() {
    let whole = gzipped(b"{\"tenant\":\"dodici\"}");
    for length in 2..whole.len() {
        assert_eq!(status(&whole[..length], 1000), 500, "the first {length} bytes");
    }
    let second = [&whole[..], &whole[..10]].concat();
    assert_eq!(status(&second, 1000), 500);
}

#[test]
fn a_damaged_gzip_body_is_malformed() {
    let mut whole = gzipped(b"{\"tenant\":\"dodici\"}");
    let last = whole.len() - 1;
    whole[last] ^= 1;
    assert_eq!(status(&whole, 1000), 400, "wrong length");
    assert_eq!(status(b"\x1f\x8bno gzip at all", 1000), 400);
}

#[test]
fn an_unsupported_encoding_is_rejected_unless_a_proxy_decoded_it() {
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
        for decoded in [&b" {}"[..], b"\xef\xbb\xbf{}", &gzipped(b"{}")] {
            assert!(is_readable(other, decoded), "{other:?} {decoded:?}");
        }
    }
}
