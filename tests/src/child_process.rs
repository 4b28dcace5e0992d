//! A benchmark's program once more, as a process of its own: what it measures against.

use std::{
    env,
    io::{BufRead, BufReader},
    process::{Child, ChildStdout, Command, Stdio},
};

/// A second process of this program; dropping it kills it.
#[derive(Debug)]
pub struct ChildProcess {
    child: Child,
    said: BufReader<ChildStdout>,
}

impl ChildProcess {
    /// Starts it with these arguments.
    #[must_use]
    pub fn start(arguments: &[&str]) -> Self {
        let program = env::current_exe().expect("this program is a file");
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("this program can be started again");
        let said = BufReader::new(child.stdout.take().expect("it is piped"));
        Self { child, said }
    }

    /// The next line that it says, for example where it listens.
    pub fn line(&mut self) -> String {
        let mut line = String::new();
        self.said.read_line(&mut line).expect("what it says is text");
        line.trim().to_owned()
    }

    /// The process's id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for ChildProcess {
    fn drop(&mut self) {
        // One that has ended by itself cannot be killed, and need not be.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
