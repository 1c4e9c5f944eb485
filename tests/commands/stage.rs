//! Where the documents' commands are typed: a folder, a network of its own in which every default port is free, and what
//! goes on until Ctrl-C.

use std::collections::BTreeMap;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::page::{answer, page};

/// The longest that a command may take, or that one which goes on may need to be at work.
const PATIENCE: Duration = Duration::from_mins(1);
/// How often it is looked.
const LOOK: Duration = Duration::from_millis(50);
/// Set where the test runs in a network of its own.
const INSIDE: &str = "CHURNWATCH_COMMANDS_INSIDE";

/// Runs a program in namespaces of its own, which end with all that was started in them.
fn apart() -> Command {
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]);
    command
}

/// Whether this machine lets us have namespaces.
pub(crate) fn can_enter() -> bool {
    let tried = apart().args(["ip", "link", "set", "lo", "up"]).stderr(Stdio::null()).status();
    tried.is_ok_and(|status| status.success())
}

/// Runs the test of this name once more in namespaces of its own; `false` where it runs there already. No address but
/// loopback can be reached, and `churnwatch.example` is this machine.
pub(crate) fn enter(test: &str) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        return false;
    }
    let folder = tempfile::tempdir().unwrap();
    let hosts = folder.path().join("hosts");
    std::fs::write(&hosts, "127.0.0.1 localhost churnwatch.example\n").unwrap();
    // The shell stays, as the first process, to bury those whose parents have ended.
    let script = "ip link set lo up && mount --bind \"$1\" /etc/hosts && shift && \"$@\"; exit $?";
    let mut command = apart();
    command.args(["sh", "-c", script, "sh"]).arg(hosts).arg(std::env::current_exe().unwrap());
    let status = command.args(["--exact", test, "--nocapture"]).env(INSIDE, "1").status().unwrap();
    assert!(status.success(), "see above");
    true
}

/// Where programs are found: churnwatch, Prometheus as .ci/prometheus/install puts it, and the machine's.
pub(crate) fn path() -> String {
    let program = Path::new(env!("CARGO_BIN_EXE_churnwatch")).parent().unwrap().display();
    let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/bin");
    format!("{program}:{}:{}", tools.display(), std::env::var("PATH").unwrap())
}

/// One that goes on: how it is known, and how it is seen to be at work.
enum Lasting {
    Demo,
    Serve,
    Prometheus,
}

impl Lasting {
    fn of(text: &str) -> Option<Self> {
        match text {
            _ if text.starts_with("churnwatch demo") && !text.contains("--exit") => Some(Self::Demo),
            _ if text.starts_with("churnwatch serve") => Some(Self::Serve),
            _ if text.starts_with("prometheus ") => Some(Self::Prometheus),
            _ => None,
        }
    }

    fn is_at_work(&self, printed: &str) -> bool {
        match self {
            Self::Demo => printed.contains("live until Ctrl-C"),
            Self::Serve => has_caught_up(),
            Self::Prometheus => page(9090, "/-/ready").is_some(),
        }
    }
}

/// The service has read all that is there, and every day that is over is closed.
fn has_caught_up() -> bool {
    let ready = answer(8080, "/readyz").is_some_and(|(status, _)| status == 200);
    let metrics = page(8080, "/metrics").unwrap_or_default();
    let sum = |name: &str| {
        let of = metrics.lines().filter_map(|line| line.strip_prefix(name)?.split(' ').nth(1));
        of.map(|value| value.parse::<f64>().unwrap()).sum::<f64>()
    };
    let read = metrics.contains("churnwatch_lag_records{")
        && sum("churnwatch_records_total") + sum("churnwatch_restored_records_total") > 0.0;
    ready && read && sum("churnwatch_lag_records{") + sum("churnwatch_closes_due{") == 0.0
}

/// Whether what goes on is to be ended before that is typed, as the documents say.
fn gives_way(running: &str, text: &str) -> bool {
    let same_port =
        ["churnwatch serve", "churnwatch demo", "churnwatch rebuild"].iter().any(|name| text.starts_with(name));
    text.starts_with("deploy/kafka/kafka.sh stop") || same_port && running.starts_with("churnwatch")
}

/// A folder in which commands are typed one after the other.
pub(crate) struct Stage {
    pub(crate) folder: PathBuf,
    environment: BTreeMap<String, String>,
    /// Variables that the commands have set so far.
    set: String,
    lasting: Vec<(String, Child)>,
}

impl Stage {
    /// `deploy` and the built tools lie in it as in the checkout.
    pub(crate) fn new(folder: &Path) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        std::fs::create_dir_all(folder.join("target")).unwrap();
        for name in ["deploy", "target/tools"] {
            std::os::unix::fs::symlink(root.join(name), folder.join(name)).unwrap();
        }
        Self { folder: folder.to_owned(), environment: BTreeMap::new(), set: String::new(), lasting: Vec::new() }
    }

    /// Sets a variable of the environment for what is typed from now on.
    pub(crate) fn environ(&mut self, name: &str, value: &str) {
        self.environment.insert(name.into(), value.into());
    }

    /// Types it, and gives what was printed. One that goes on is waited for until it is at work.
    pub(crate) fn run(&mut self, text: &str) -> String {
        let begun = Instant::now();
        self.end(|running| gives_way(running, text));
        let lasting = Lasting::of(text);
        let output = self.folder.join("printed");
        // A file of its own: those that go on still write into theirs.
        let _ = std::fs::remove_file(&output);
        let file = std::fs::File::create(&output).unwrap();
        let name = text.split('=').next().unwrap_or_default();
        let is_assignment = name.len() < text.len() && name.chars().all(|letter| letter.is_ascii_lowercase());
        // The value is kept, not what it was made of.
        let tell = if is_assignment { format!("\ndeclare -p {name}") } else { String::new() };
        let exec = if lasting.is_some() { "exec " } else { "" };
        let mut command = Command::new("bash");
        command.args(["-euo", "pipefail", "-c", &format!("{}{exec}{text}{tell}", self.set)]);
        command.current_dir(&self.folder).env("PATH", path()).env("TMPDIR", &self.folder).envs(&self.environment);
        command.stdin(Stdio::null()).stdout(file.try_clone().unwrap()).stderr(file).process_group(0);
        let mut child = command.spawn().unwrap();
        let printed = || std::fs::read_to_string(&output).unwrap();
        loop {
            let ended = child.try_wait().unwrap();
            match (&lasting, ended) {
                (None, Some(status)) => {
                    assert!(status.success(), "{text}\n{status}\n{}", printed());
                    break;
                }
                (Some(_), Some(status)) => panic!("{text}\nended: {status}\n{}", printed()),
                (Some(kind), None) if kind.is_at_work(&printed()) => {
                    self.lasting.push((text.into(), child));
                    break;
                }
                _ => {}
            }
            assert!(begun.elapsed() < PATIENCE, "{text}\nstill at it after {PATIENCE:?}\n{}", printed());
            std::thread::sleep(LOOK);
        }
        if text.starts_with("export ") {
            self.set.extend([text, "\n"]);
        } else if is_assignment {
            self.set.push_str(&printed());
        }
        println!("{:6.1} s  {}", begun.elapsed().as_secs_f64(), text.trim_end());
        printed()
    }

    /// Ctrl-C for all that go on and are chosen by their text. Each ends well.
    pub(crate) fn end(&mut self, chosen: impl Fn(&str) -> bool) {
        let all = std::mem::take(&mut self.lasting).into_iter();
        let (ended, kept): (Vec<_>, Vec<_>) = all.partition(|(text, _)| chosen(text));
        self.lasting = kept;
        for (text, mut child) in ended {
            assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
            let status = child.wait().unwrap();
            assert!(status.success(), "{text} at Ctrl-C: {status}");
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        for (_, child) in &mut self.lasting {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
