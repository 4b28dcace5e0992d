//! The service as a process of its own, which can be signalled and killed.

use std::{
    fs::{self, File},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{ExitStatus, Output, Stdio},
    time::Duration,
};

use serde_json::Value;
use tokio::process::{Child, Command};

use crate::{secrets, sqs::CREDENTIALS};

/// Real time after which a wait has failed.
const TIMEOUT: Duration = Duration::from_secs(40);
const POLL: Duration = Duration::from_millis(10);

/// A running process. Dropping it kills it.
pub struct Process {
    /// Where it listens.
    pub address: SocketAddr,
    child: Child,
    log: PathBuf,
}

impl Process {
    pub(crate) async fn start(program: &str, config: &Path, folder: &Path) -> Self {
        Self::start_saying(program, config, folder, "info").await
    }

    /// Starts it with this `RUST_LOG`; it always says where it listens.
    pub(crate) async fn start_saying(
        program: &str,
        config: &Path,
        folder: &Path,
        level: &str,
    ) -> Self {
        let mut run = 1;
        while folder.join(format!("{run}.log")).exists() {
            run += 1;
        }
        let log = folder.join(format!("{run}.log"));
        let stderr = File::create(&log).expect("the folder is ours");
        let child = Command::new(program)
            .args(["serve", "--config"])
            .arg(config)
            .env("RUST_LOG", format!("{level},app::serve=info"))
            .envs(CREDENTIALS)
            .stdin(Stdio::null())
            .stderr(stderr)
            .kill_on_drop(true)
            .spawn()
            .expect("the program can be started");
        let unknown = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut process = Self { address: unknown, child, log };
        let line = process.logged("Listening on").await;
        let line: Value = serde_json::from_str(&line).expect("the log is JSON lines");
        let address = line["address"].as_str().expect("it says where it listens");
        process.address = address.parse().expect("it listens at an address");
        process
    }

    /// The first line of the log with these words.
    pub async fn logged(&mut self, words: &str) -> String {
        let found = tokio::time::timeout(TIMEOUT, async {
            loop {
                let text = self.log();
                // The last line may be half written.
                let whole = text.rfind('\n').map_or("", |end| &text[..end]);
                if let Some(line) = whole.lines().find(|it| it.contains(words)) {
                    return line.to_owned();
                }
                let ended = self.child.try_wait().expect("the process is ours");
                assert!(ended.is_none(), "ended before it said {words:?}: {ended:?}\n{text}");
                tokio::time::sleep(POLL).await;
            }
        });
        found.await.unwrap_or_else(|_| panic!("never said {words:?}:\n{}", self.log()))
    }

    /// The process's id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    /// Everything it has logged.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).expect("the log is text")
    }

    /// Where its log is, also when it has ended.
    #[must_use]
    pub fn log_file(&self) -> PathBuf {
        self.log.clone()
    }

    /// The names of its threads, as the system shortens them.
    #[must_use]
    pub fn threads(&self) -> Vec<String> {
        let id = self.child.id().expect("it runs");
        let tasks = fs::read_dir(format!("/proc/{id}/task")).expect("a process has threads");
        let name = |it: fs::DirEntry| fs::read_to_string(it.path().join("comm")).ok();
        tasks.filter_map(|it| name(it.ok()?)).map(|it| it.trim().to_owned()).collect()
    }

    /// kill -9; returns once it is gone.
    pub async fn kill(mut self) {
        self.child.kill().await.expect("the process is ours");
        secrets::assert_none("the log", &self.log());
    }

    /// Sends a signal by its name: `TERM`, `INT`.
    pub async fn signal(&self, name: &str) {
        let id = self.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status().await;
        assert!(sent.expect("there is a kill").success(), "process {id} was there");
    }

    /// Everything it has logged, once it has ended by itself.
    pub async fn log_at_its_end(mut self) -> String {
        let ended = tokio::time::timeout(TIMEOUT, self.child.wait()).await;
        assert!(ended.is_ok(), "it did not end:\n{}", self.log());
        secrets::assert_none("the log", &self.log());
        self.log()
    }

    /// Waits until it ends by itself.
    pub async fn ended(mut self) -> ExitStatus {
        let ended = tokio::time::timeout(TIMEOUT, self.child.wait()).await;
        secrets::assert_none("the log", &self.log());
        let ended = ended.unwrap_or_else(|_| panic!("it did not end:\n{}", self.log()));
        ended.expect("the process is ours")
    }
}

/// The service under test, which is built beside the running program.
#[must_use]
pub fn program_under_test() -> String {
    let own = std::env::current_exe().expect("a program has a path");
    own.with_file_name("memobridge-under-test").display().to_string()
}

/// Runs a command to its end: for those that do not start well.
pub async fn run(program: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(program);
    command.args(arguments).envs(CREDENTIALS).stdin(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(TIMEOUT, command.output()).await;
    let output = output.unwrap_or_else(|_| panic!("{arguments:?} did not end"));
    let output = output.expect("the program can be started");
    for text in [&output.stdout, &output.stderr] {
        secrets::assert_none("the output", &String::from_utf8_lossy(text));
    }
    output
}
