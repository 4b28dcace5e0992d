//! Finds the first line with room for a unit in one pass over the lines.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

/// Lines in the order in which units choose them.
///
/// Room on a line only shrinks. A line without room for this many pieces never has it again, so it
/// is not checked again for as many.
#[derive(Debug, Default)]
pub(super) struct Queue {
    lines: Vec<usize>,
    /// By pieces: the lines before this position have no room for as many.
    next: BTreeMap<u32, usize>,
}

impl Queue {
    pub(super) fn push(&mut self, line: usize) {
        self.lines.push(line);
    }

    pub(super) fn sort_by_key<K: Ord>(&mut self, key: impl FnMut(&usize) -> K) {
        self.lines.sort_by_key(key);
    }

    /// The first line with room for this many pieces; `left` is the room on every line.
    pub(super) fn first(&mut self, left: &[Decimal], pieces: u32) -> Option<usize> {
        let next = self.next.entry(pieces).or_default();
        let full = |line: &&usize| left[**line] < Decimal::from(pieces);
        *next += self.lines[*next..].iter().take_while(full).count();
        self.lines.get(*next).copied()
    }

    /// All lines with room for this many pieces.
    pub(super) fn with_room<'a>(
        &'a self,
        left: &'a [Decimal],
        pieces: u32,
    ) -> impl Iterator<Item = usize> + 'a {
        let next = self.next.get(&pieces).copied().unwrap_or_default();
        let pieces = Decimal::from(pieces);
        self.lines[next..].iter().copied().filter(move |line| pieces <= left[*line])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_with_room_is_found_in_one_pass() {
        let mut queue = Queue::default();
        (0..3).for_each(|line| queue.push(line));
        queue.sort_by_key(|line| usize::MAX - *line);
        let mut left: Vec<Decimal> = [1, 2, 1].map(Decimal::from).to_vec();
        assert_eq!(queue.first(&left, 2), Some(1));
        assert_eq!(queue.first(&left, 1), Some(2));
        assert_eq!(queue.with_room(&left, 1).collect::<Vec<_>>(), [2, 1, 0]);
        left[2] = Decimal::ZERO;
        assert_eq!(queue.first(&left, 1), Some(1));
        left[1] = Decimal::ONE;
        assert_eq!(queue.first(&left, 2), None);
        assert_eq!(queue.with_room(&left, 1).collect::<Vec<_>>(), [1, 0]);
        left[1] = Decimal::ZERO;
        left[0] = Decimal::ZERO;
        assert_eq!(queue.first(&left, 1), None);
    }
}
