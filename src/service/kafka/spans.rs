//! What is still to be read of the partitions of a topic. Knows no broker.

use std::collections::BTreeMap;

/// One partition: the offset to read next, and the one to stop before.
#[derive(Clone, Copy, Debug)]
struct Span {
    next: i64,
    end: i64,
}

/// The partitions of a topic, each from its oldest offset to its end.
#[derive(Debug, Default)]
pub struct Spans {
    of: BTreeMap<i32, Span>,
    /// Partitions not yet read to their ends.
    open: usize,
    left: i64,
}

impl Spans {
    /// All of these partitions, each with its oldest offset and its end.
    pub fn new(bounds: impl IntoIterator<Item = (u32, (i64, i64))>) -> Self {
        let span = |(partition, (low, end)): (u32, (i64, i64))| (partition as i32, Span { next: low.min(end), end });
        let spans: BTreeMap<i32, Span> = bounds.into_iter().map(span).collect();
        let open = spans.values().filter(|span| span.next < span.end).count();
        let left = spans.values().map(|span| span.end - span.next).sum();
        Self { of: spans, open, left }
    }

    /// The partitions not yet read to their ends, each with the offset to read next.
    pub fn open(&self) -> impl Iterator<Item = (i32, i64)> {
        let open = self.of.iter().filter(|(_, span)| span.next < span.end);
        open.map(|(partition, span)| (*partition, span.next))
    }

    /// Whether all of them are.
    pub const fn done(&self) -> bool {
        self.open == 0
    }

    /// Offsets still to be read; not all of them hold a record.
    pub const fn left(&self) -> u64 {
        self.left as u64
    }

    /// A record came; whether it lies before the end. What came after belongs to whoever reads next.
    pub fn take(&mut self, partition: i32, offset: i64) -> bool {
        let before_end = self.of.get(&partition).is_some_and(|span| offset < span.end);
        self.reach(partition, offset + 1);
        before_end
    }

    /// A partition was read to its end. Its last records may be markers of transactions, which are never handed out.
    pub fn ended(&mut self, partition: i32) {
        self.reach(partition, i64::MAX);
    }

    fn reach(&mut self, partition: i32, next: i64) {
        let Some(span) = self.of.get_mut(&partition).filter(|span| span.next < span.end) else { return };
        let next = next.clamp(span.next, span.end);
        self.left -= next - span.next;
        span.next = next;
        self.open -= usize::from(next == span.end);
    }
}

#[cfg(test)]
mod tests {
    use super::Spans;

    #[test]
    fn each_partition_ends_where_it_ended_when_reading_began() {
        let mut spans = Spans::new([(0, (0, 3)), (4, (10, 12))]);
        assert_eq!((spans.open().collect::<Vec<_>>(), spans.left()), (vec![(0, 0), (4, 10)], 5));
        assert!(spans.take(0, 0));
        assert!(spans.take(4, 10));
        assert!(spans.take(0, 2), "the record between them was compacted");
        assert!(!spans.take(0, 3), "written since");
        assert_eq!((spans.open().collect::<Vec<_>>(), spans.left()), (vec![(4, 11)], 1));
        assert!(!spans.done());
        assert!(spans.take(4, 11));
        assert!(spans.done());
        assert_eq!(spans.left(), 0);
    }

    #[test]
    fn markers_at_the_end_are_never_seen() {
        let mut spans = Spans::new([(0, (0, 3)), (1, (0, 2))]);
        assert!(spans.take(0, 0));
        spans.ended(0);
        spans.ended(0);
        assert_eq!((spans.left(), spans.done()), (2, false));
        assert!(!spans.take(1, 7), "the first record left lies behind the end");
        assert_eq!((spans.left(), spans.done()), (0, true));
    }

    #[test]
    fn nothing_is_waited_for_where_nothing_is() {
        assert!(Spans::new([]).done());
        let mut spans = Spans::new([(0, (0, 0)), (1, (5, 5))]);
        assert!(spans.done());
        assert!(!spans.take(1, 5));
        assert!(!spans.take(9, 0), "nobody asked for this partition");
        assert_eq!(spans.left(), 0);
    }
}
