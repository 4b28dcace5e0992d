//! Any input gives an answer or an error, never a panic.

use proptest::prelude::*;

use crate::{
    fixtures::{memo_record, options, reply},
    fuzzing::{Codec, classes},
};

const REPLIES: [&str; 8] = [
    "add_after_submit_failed",
    "add_ok",
    "fault_concurrency",
    "get_not_found",
    "get_sales_order_ok",
    "search_empty",
    "search_invoices_ok",
    "update_ok",
];

/// How an answer is damaged: it is cut, bytes are changed, parts are repeated or swapped.
#[derive(Debug, Clone)]
enum Damage {
    Cut(usize),
    Put(usize, u8),
    Repeat(usize, usize),
    Remove(usize, usize),
}

fn damage() -> impl Strategy<Value = Damage> {
    let byte = prop_oneof![any::<u8>(), proptest::sample::select(b"<>/&\"'= !?[]:;09-.e".to_vec())];
    prop_oneof![
        any::<usize>().prop_map(Damage::Cut),
        (any::<usize>(), byte).prop_map(|(at, byte)| Damage::Put(at, byte)),
        (any::<usize>(), 1..200_usize).prop_map(|(at, length)| Damage::Repeat(at, length)),
        (any::<usize>(), 1..200_usize).prop_map(|(at, length)| Damage::Remove(at, length)),
    ]
}

fn damaged(mut bytes: Vec<u8>, damages: &[Damage]) -> Vec<u8> {
    for it in damages {
        let length = bytes.len().max(1);
        let part = |at: usize, long: usize| at % length..(at % length + long).min(bytes.len());
        match *it {
            Damage::Cut(at) => bytes.truncate(at % length),
            Damage::Put(at, byte) => {
                if let Some(old) = bytes.get_mut(at % length) {
                    *old = byte;
                }
            }
            Damage::Repeat(at, long) if !bytes.is_empty() => {
                let copy = bytes[part(at, long)].to_vec();
                bytes.splice(at % length..at % length, copy);
            }
            Damage::Remove(at, long) if !bytes.is_empty() => {
                bytes.drain(part(at, long));
            }
            Damage::Repeat(..) | Damage::Remove(..) => {}
        }
    }
    bytes
}

fn whole() -> impl Strategy<Value = Vec<u8>> {
    let mut replies: Vec<_> = REPLIES.iter().map(|it| reply(it).into_bytes()).collect();
    replies.push(crate::fixtures::get_done(&memo_record()).into_bytes());
    proptest::sample::select(replies)
}

fn wire() -> Codec {
    Codec::new(options()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..500)) {
        wire().read(&bytes);
    }

    #[test]
    fn damaged_answers_never_panic(
        bytes in whole(),
        damages in proptest::collection::vec(damage(), 1..8),
    ) {
        wire().read(&damaged(bytes, &damages));
    }

    #[test]
    fn any_code_has_a_class(element in ".{0,40}", code in ".{0,40}", message in ".{0,80}") {
        prop_assert_eq!(classes(&element, &code, &message).len(), 2);
    }
}
