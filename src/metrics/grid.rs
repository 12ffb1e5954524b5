//! The series of a metric whose labels have closed sets of values.

use std::sync::OnceLock;

/// The value of a label for a word that should have been among those known.
const OTHER: &str = "other";

/// A metric with `N` labels, each series made the first time that it is wanted.
///
/// *Why not the library's own look-up.* It hashes the values and takes a lock for each of them,
/// where the words of a short list are told apart by their lengths for the most part.
pub(super) struct Grid<M, const N: usize> {
    make: Make<M, N>,
    values: [Vec<String>; N],
    series: Vec<OnceLock<M>>,
}

/// Makes the series of those values.
type Make<M, const N: usize> = Box<dyn Fn([&str; N]) -> M + Send + Sync>;

impl<M, const N: usize> Grid<M, N> {
    /// Those of `values`, made by `make`.
    pub(super) fn new(
        values: [Vec<String>; N],
        make: impl Fn([&str; N]) -> M + Send + Sync + 'static,
    ) -> Self {
        let room = values.iter().map(|values| values.len() + 1).product();
        Self {
            make: Box::new(make),
            values,
            series: std::iter::repeat_with(OnceLock::new).take(room).collect(),
        }
    }

    /// Does `record` with the series of those words.
    pub(super) fn with(&self, words: [&str; N], record: impl FnOnce(&M)) {
        let mut place = 0;
        for (values, word) in self.values.iter().zip(words) {
            let found = values.iter().position(|value| value == word);
            debug_assert!(found.is_some(), "no series has the word {word}");
            place = place * (values.len() + 1) + found.unwrap_or(values.len());
        }
        if let Some(series) = self.series.get(place) {
            record(series.get_or_init(|| (self.make)(self.known(words))));
        }
    }

    /// Shows that series from now on: to whoever watches, one that begins with its first event
    /// looks as if nothing had happened.
    pub(super) fn show(&self, words: [&str; N]) {
        self.with(words, |_| ());
    }

    fn known<'a>(&self, mut words: [&'a str; N]) -> [&'a str; N] {
        for (word, values) in words.iter_mut().zip(&self.values) {
            if !values.iter().any(|value| value == word) {
                *word = OTHER;
            }
        }
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid() -> Grid<String, 2> {
        let words = |words: &[&str]| words.iter().map(ToString::to_string).collect();
        Grid::new([words(&["a", "b", "c"]), words(&["x", "y"])], |words| {
            words.join("-")
        })
    }

    #[test]
    fn each_pair_of_words_has_a_series_of_its_own() {
        let grid = grid();

        for first in ["a", "b", "c"] {
            for second in ["x", "y"] {
                let expected = format!("{first}-{second}");
                grid.with([first, second], |series| assert_eq!(*series, expected));
            }
        }
        assert_eq!(grid.series.iter().filter_map(OnceLock::get).count(), 6);
    }

    #[test]
    #[cfg_attr(
        debug_assertions,
        should_panic(expected = "no series has the word garbage")
    )]
    fn a_word_that_is_not_known_is_a_bug_and_makes_no_series_of_its_own() {
        grid().with(["a", "garbage"], |series| assert_eq!(series, "a-other"));
    }
}
