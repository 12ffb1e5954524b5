//! What the service should do, told as the story of people and of the papers they were given.

/// For how long a token lives, can be exchanged after that, and a login counts, in seconds.
const LIFETIME: i64 = 30 * 60;
const WINDOW: i64 = 7 * 86_400;
const LONGEST: i64 = 8 * 86_400;

/// For how long an answer is given again, and by how much clocks may differ.
const GRACE: i64 = 30;
pub(super) const LEEWAY: i64 = 30;

/// What the users table says of somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    Active,
    Gone,
    Inactive,
}

struct Person {
    entry: Entry,
    /// The last time that everything was ended.
    ended_everything: i64,
}

/// What came of one login.
struct Chain {
    person: usize,
    login: i64,
    /// The papers, each given for the one before.
    papers: Vec<usize>,
    is_written_down: bool,
    is_over: bool,
}

/// A token that somebody holds.
struct Paper {
    chain: usize,
    issued: i64,
    expires: i64,
    text: String,
}

/// What a refresh should answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Expected {
    /// Exactly this.
    Again(String),
    /// A paper that nobody has seen yet.
    New,
    No(&'static str),
}

/// Everybody, and all that they were ever given.
pub(super) struct World {
    pub(super) now: i64,
    people: Vec<Person>,
    chains: Vec<Chain>,
    papers: Vec<Paper>,
}

impl World {
    pub(super) fn new(people: usize, now: i64) -> Self {
        let person = |_| Person {
            entry: Entry::Active,
            ended_everything: i64::MIN,
        };
        Self {
            now,
            people: (0..people).map(person).collect(),
            chains: Vec::new(),
            papers: Vec::new(),
        }
    }

    pub(super) fn papers(&self) -> usize {
        self.papers.len()
    }

    pub(super) fn text(&self, paper: usize) -> &str {
        &self.papers[paper].text
    }

    pub(super) fn enter(&mut self, person: usize, entry: Entry) {
        self.people[person].entry = entry;
    }

    /// Somebody logs in at the backend, of which this service knows nothing.
    pub(super) fn log_in(&mut self, person: usize, text: String) {
        self.chains.push(Chain {
            person,
            login: self.now,
            papers: Vec::new(),
            is_written_down: false,
            is_over: false,
        });
        self.hand_out(self.chains.len() - 1, text);
    }

    /// A new paper for the last one of its chain.
    pub(super) fn hand_out(&mut self, chain: usize, text: String) {
        let number = self.papers.len();
        let chain_end = self.chains[chain].login + LONGEST;
        let last = self.chains[chain].papers.last();
        let last = last.map(|last| self.papers[*last].issued);
        // None is dated before the one that it replaces, unless a clock was far ahead.
        let issued = last.filter(|last| *last <= self.now + LEEWAY);
        let issued = issued.map_or(self.now, |last| last.max(self.now));
        self.chains[chain].papers.push(number);
        self.papers.push(Paper {
            chain,
            issued,
            expires: chain_end.min(issued + LIFETIME),
            text,
        });
    }

    pub(super) fn chain_of(&self, paper: usize) -> usize {
        self.papers[paper].chain
    }

    /// Whether a paper can only come from a clock that is ahead of ours.
    fn is_from_the_future(&self, paper: usize) -> bool {
        let Paper { chain, issued, .. } = self.papers[paper];
        self.chains[chain].login.max(issued) > self.now + LEEWAY
    }

    fn is_too_old_a_login(&self, paper: usize) -> bool {
        self.now >= self.chains[self.papers[paper].chain].login + LONGEST
    }

    fn was_ended(&self, paper: usize) -> bool {
        let chain = &self.chains[self.papers[paper].chain];
        chain.is_over || self.papers[paper].issued <= self.people[chain.person].ended_everything
    }

    /// Whether a thief would be suspected of presenting that paper.
    fn is_spent(&self, paper: usize) -> bool {
        let papers = &self.chains[self.papers[paper].chain].papers;
        let after = papers.iter().skip_while(|one| **one != paper).skip(1);
        let newest = papers
            .last()
            .map_or(0, |newest| self.papers[*newest].issued);
        match after.count() {
            0 => false,
            1 => self.now > newest + GRACE,
            _ => true,
        }
    }

    /// Why nobody gets anything for that paper, or may use it.
    fn objection(&self, paper: usize) -> Option<&'static str> {
        if self.is_too_old_a_login(paper) {
            return Some("session_expired");
        }
        if self.was_ended(paper) {
            return Some("session_revoked");
        }
        match self.people[self.chains[self.papers[paper].chain].person].entry {
            Entry::Active => None,
            Entry::Gone => Some("user_not_found"),
            Entry::Inactive => Some("user_inactive"),
        }
    }

    /// What the verify endpoint should say; nothing is good.
    pub(super) fn verify(&self, paper: usize) -> &'static str {
        if self.is_from_the_future(paper) {
            return "unsupported_token";
        }
        if self.now >= self.papers[paper].expires {
            return "token_expired";
        }
        self.objection(paper).unwrap_or_default()
    }

    /// Somebody presents a paper. Whoever expects a new one hands it out.
    pub(super) fn refresh(&mut self, paper: usize) -> Expected {
        if self.is_from_the_future(paper) {
            return Expected::No("unsupported_token");
        }
        if self.now > self.papers[paper].expires + WINDOW {
            return Expected::No("refresh_window_over");
        }
        if let Some(why) = self.objection(paper) {
            return Expected::No(why);
        }

        let now = self.now;
        let chain = &mut self.chains[self.papers[paper].chain];
        chain.is_written_down = true;
        let newest = &self.papers[*chain.papers.last().unwrap()];
        let after: Vec<_> = chain
            .papers
            .iter()
            .skip_while(|one| **one != paper)
            .collect();
        match after.len() {
            1 => {
                // A backend whose clock is ahead dates no login into our future.
                if chain.papers.len() == 1 {
                    chain.login = chain.login.min(now);
                }
                Expected::New
            }
            2 if now <= newest.issued + GRACE => Expected::Again(newest.text.clone()),
            _ => {
                chain.is_over = true;
                Expected::No("token_reused")
            }
        }
    }

    /// Somebody logs out with a paper.
    pub(super) fn log_out(&mut self, paper: usize, everywhere: bool) {
        if self.is_from_the_future(paper) {
            return;
        }
        let is_good = self.now <= self.papers[paper].expires + WINDOW
            && !self.is_too_old_a_login(paper)
            && !self.was_ended(paper)
            && !self.is_spent(paper);
        let chain = &mut self.chains[self.papers[paper].chain];
        (chain.is_written_down, chain.is_over) = (true, true);
        if everywhere && is_good {
            let (person, now) = (chain.person, self.now);
            let ended = &mut self.people[person].ended_everything;
            *ended = now.max(*ended);
            let theirs = self
                .chains
                .iter_mut()
                .filter(|chain| chain.person == person);
            for chain in theirs.filter(|chain| chain.is_written_down) {
                chain.is_over = true;
            }
        }
    }

    /// How many papers each chain that is written down has given out, in no order.
    pub(super) fn generations(&self) -> Vec<i64> {
        let known = self.chains.iter().filter(|chain| chain.is_written_down);
        let mut given: Vec<_> = known
            .map(|chain| i64::try_from(chain.papers.len() - 1).unwrap())
            .collect();
        given.sort_unstable();
        given
    }
}
