//! The batches that are not committed yet: the sealed one, handed over to be committed, and the open one behind it.
//!
//! Everywhere `seal` hands the open batch over, `confirm` says that the sealed one is committed, and `roll_back` loses both.

/// A small value that can go back to the last commit.
#[derive(Debug, Default)]
pub struct Saved<T> {
    committed: T,
    sealed: Option<T>,
}

impl<T> Saved<T> {
    /// As the last commit left it.
    pub const fn new(committed: T) -> Self {
        Self { committed, sealed: None }
    }

    /// As at the last commit.
    pub const fn committed(&self) -> &T {
        &self.committed
    }

    /// Hands the open batch over, which made it `now`.
    pub fn seal(&mut self, now: T) {
        self.sealed = Some(now);
    }

    /// The sealed batch is committed.
    pub fn confirm(&mut self) {
        if let Some(sealed) = self.sealed.take() {
            self.committed = sealed;
        }
    }

    /// Both batches are lost; gives what it is again.
    pub fn roll_back(&mut self) -> &T {
        self.sealed = None;
        &self.committed
    }
}

/// What was done since the last commit, one thing after the other.
#[derive(Debug)]
pub struct Since<T> {
    done: Vec<T>,
    /// So many of them by the sealed batch.
    sealed: usize,
}

impl<T> Default for Since<T> {
    fn default() -> Self {
        Self { done: Vec::new(), sealed: 0 }
    }
}

impl<T> Since<T> {
    /// The open batch does one thing more.
    pub fn push(&mut self, one: T) {
        self.done.push(one);
    }

    /// What the open batch did.
    pub fn open(&self) -> &[T] {
        self.done.get(self.sealed..).unwrap_or_default()
    }

    /// Hands the open batch over.
    pub const fn seal(&mut self) {
        self.sealed = self.done.len();
    }

    /// The sealed batch is committed.
    pub fn confirm(&mut self) {
        self.done.drain(..self.sealed);
        self.sealed = 0;
    }

    /// Both batches are lost; gives what they did, newest first, so that it can be undone.
    pub fn roll_back(&mut self) -> impl Iterator<Item = T> {
        self.sealed = 0;
        self.done.drain(..).rev()
    }
}
