//! The chapters that one walks through, command by command, as a reader does.
//!
//! A block ```` ```sh,run ```` is run in a folder of its own, ```` ```sh,serve ```` starts the service, and what the block
//! after it shows as `printed` is what was printed; `…` stands for anything. What is run beside the service is run in a
//! second terminal, where no variable of the first is set.

use std::fs;
use std::path::Path;

use crate::frameworks::runtimes::Runtime::{Node, Python};
use crate::harness::process::{Place, Service};
use crate::harness::servers::daemon::path_to;

use super::root;

/// A block of a chapter.
struct Block<'a> {
    kind: &'a str,
    text: &'a str,
}

/// The blocks of a chapter that say what they are for.
fn blocks(chapter: &str) -> Vec<Block<'_>> {
    let fenced = chapter.split("\n```").skip(1).step_by(2);
    let blocks = fenced.filter_map(|block| {
        let (info, text) = block.split_once('\n')?;
        let (_, kind) = info.split_once(',')?;
        Some(Block { kind, text })
    });
    blocks.collect()
}

/// Whether `seen` is what `pattern` shows.
fn fits(pattern: &str, seen: &str) -> bool {
    let mut parts = pattern.trim().split('…');
    let seen = seen.trim();
    let Some(mut rest) = seen.strip_prefix(parts.next().unwrap()) else {
        return false;
    };
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else {
            return false;
        };
        rest = after;
    }
    rest.is_empty() || pattern.trim().ends_with('…')
}

/// Where variables live on from one block to the next.
const VARIABLES: &str = ".variables";

/// A reader who walks through a chapter.
struct Walk {
    place: Place,
    service: Option<Service>,
}

impl Walk {
    /// A reader who has installed what is on that `PATH`.
    fn new(path: &str) -> Self {
        let own = Path::new(env!("CARGO_BIN_EXE_remint")).parent().unwrap();
        let python = Python.scripts().target().join("bin");
        let path = format!("{}:{}:{path}", own.display(), python.display());
        let modules = Node.scripts().target().join("node_modules");
        let place = Place::bare()
            .with("PATH", &path)
            .with("NODE_PATH", modules.to_str().unwrap());
        Self {
            place,
            service: None,
        }
    }

    /// The text with the addresses of this service.
    fn here(&self, text: &str) -> String {
        let Some(service) = &self.service else {
            return text.to_owned();
        };
        let text = text.replace("127.0.0.1:8000", &service.address().to_string());
        if text.contains("127.0.0.1:9000") {
            text.replace("127.0.0.1:9000", &service.admin_address().to_string())
        } else {
            text
        }
    }

    /// Starts the service, and goes on in a second terminal.
    fn serve(&mut self) {
        self.service = Some(self.place.serve());
        fs::remove_file(self.place.path().join(VARIABLES)).unwrap();
    }

    /// What the commands print; variables live on.
    fn run(&self, commands: &str) -> String {
        let commands = self.here(commands);
        let script = format!(
            "set -eu\n[ ! -e {VARIABLES} ] || . ./{VARIABLES}\n{commands}\nset >{VARIABLES}\nexport -p >>{VARIABLES}"
        );
        let output = self.place.shell(&script);
        assert_eq!(output.code, Some(0), "{commands}\n{output:?}");
        output.stdout
    }

    /// Goes through the blocks; how many answers were compared.
    fn through(mut self, chapter: &str) -> usize {
        let (mut printed, mut compared) = (String::new(), 0);
        for Block { kind, text } in blocks(chapter) {
            match kind {
                "run" => printed = self.run(text),
                "serve" => self.serve(),
                "printed" => {
                    assert!(fits(&self.here(text), &printed), "{text}\nbut:\n{printed}");
                    compared += 1;
                }
                other => panic!("a block is of no kind that is known: {other}"),
            }
        }
        compared
    }
}

/// What each of these chapters needs, with the package that has it.
const PROGRAMS: [(&str, &str); 3] = [
    ("curl", "curl"),
    ("openssl", "openssl"),
    ("sqlite3", "sqlite3"),
];

/// A `PATH` with all of those programs; none where one is not installed.
fn path_to_all(programs: &[(&str, &str)]) -> Option<String> {
    let mut path = None;
    for (program, package) in programs {
        path = Some(path_to("the book's", program, package).unwrap()?);
    }
    path
}

/// Walks through a chapter that needs those programs as well.
fn walk(chapter: &str, programs: &[(&str, &str)]) {
    let has_packages = [Python, Node].map(|language| language.scripts().are_installed());
    let Some(path) = path_to_all(&[&PROGRAMS, programs].concat()) else {
        return;
    };
    if has_packages.contains(&false) {
        return;
    }
    let text = fs::read_to_string(root().join("docs").join(chapter)).unwrap();

    let compared = Walk::new(&path).through(&text);

    assert!(compared >= 3, "{chapter} shows {compared} answers");
}

#[test]
fn getting_started() {
    walk("getting-started.md", &[]);
}

#[test]
fn moving_from_aspnet() {
    walk("guides/aspnet.md", &[]);
}

#[test]
fn moving_from_django() {
    walk("guides/django.md", &[]);
}

#[test]
fn moving_from_express() {
    walk("guides/express.md", &[("node", "nodejs")]);
}

#[test]
fn moving_from_fastapi() {
    walk("guides/fastapi.md", &[]);
}

#[test]
fn moving_from_laravel() {
    walk("guides/laravel.md", &[("php", "php-cli")]);
}

#[test]
fn moving_from_spring() {
    walk("guides/spring.md", &[]);
}

#[test]
fn what_is_shown_is_what_was_printed() {
    for (pattern, seen, expected) in [
        ("{\"a\":1}", "{\"a\":1}\n", true),
        ("{\"a\":1}", "{\"a\":2}", false),
        ("{\"a\":…,\"b\":2}", "{\"a\":1,\"b\":2}", true),
        ("{\"a\":…,\"b\":2}", "{\"a\":1,\"b\":2,\"c\":3}", false),
        ("eyJ…", "eyJhbGci", true),
    ] {
        assert_eq!(fits(pattern, seen), expected, "{pattern} {seen}");
    }
}
