//! A PostgreSQL server of the tests' own, in a temporary folder.
//!
//! It ends with the process that started it, however that ends: a keeper waits at
//! a pipe from here, and when the pipe is closed it stops the server and removes
//! the folder.

use std::{
    fs,
    io::{BufRead, BufReader},
    os::unix::fs::MetadataExt,
    process::{Child, ChildStdin, Command, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
};

use tokio::{sync::OnceCell, task::spawn_blocking};

/// Everybody's password in a database of the tests.
pub const PASSWORD: &str = "password-of-the-clerk";

/// Makes the folder, says where it is, and removes it in the end; a signal to the
/// whole terminal must not stop it.
const KEEPER: &str = r#"
trap '' INT TERM HUP
folder=$(mktemp -d /tmp/memobridge-postgres.XXXXXX)
echo "$PGPASSWORD" > "$folder/password"
initdb --no-sync --username=clerk --auth=scram-sha-256 --pwfile="$folder/password" \
    --encoding=UTF8 --no-locale --pgdata="$folder/data" > "$folder/log" 2>&1 || cat "$folder/log" >&2
echo "$folder"
cat > /dev/null
pg_ctl --pgdata="$folder/data" --mode=immediate stop > /dev/null 2>&1
rm -rf "$folder"
"#;

/// A server; its time is the machine's. Dropping it ends it.
pub struct Postgres {
    folder: String,
    databases: AtomicUsize,
    keeper: Child,
    pipe: Option<ChildStdin>,
}

impl Postgres {
    /// Starts a server for one test: it may be stopped and killed.
    pub async fn start() -> Self {
        let server = spawn_blocking(Self::prepare).await.expect("preparing does not panic");
        server.start_again().await;
        server
    }

    /// The server that the tests of this process share.
    pub async fn shared() -> &'static Self {
        static SERVER: OnceCell<Postgres> = OnceCell::const_new();
        SERVER.get_or_init(Self::start).await
    }

    fn prepare() -> Self {
        let keeper = as_postgres(KEEPER).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut keeper = keeper.expect("there is a shell");
        let pipe = keeper.stdin.take();
        let output = keeper.stdout.take().expect("it is a pipe");
        let mut folder = String::new();
        BufReader::new(output).read_line(&mut folder).expect("the keeper says where the folder is");
        let folder = folder.trim().to_owned();
        Self { folder, databases: AtomicUsize::default(), keeper, pipe }
    }

    /// A new database, by its URL.
    pub async fn database(&self) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.run("postgres", &format!("CREATE DATABASE {name}")).await;
        self.url(&name)
    }

    /// Executes statements in the database of this URL and returns what they answer.
    pub async fn sql(&self, url: &str, statements: &str) -> String {
        let (address, _) = url.split_once('?').expect("the URL is one of ours");
        let (_, name) = address.rsplit_once('/').expect("the URL is one of ours");
        self.run(name, statements).await
    }

    /// Stops it as an operator does: connections are cut.
    pub async fn stop(&self) {
        self.control("--mode=fast stop").await;
    }

    /// Ends it as a crash does: nothing is written any more.
    pub async fn kill(&self) {
        self.control("--mode=immediate stop").await;
    }

    /// Starts it after it was stopped or killed.
    pub async fn start_again(&self) {
        let options = format!("-k {} -c listen_addresses= -c max_connections=400", self.folder);
        self.control(&format!("--options='{options}' --log={}/log start", self.folder)).await;
    }

    fn url(&self, database: &str) -> String {
        format!("postgres://clerk:{PASSWORD}@localhost/{database}?host={}", self.folder)
    }

    async fn control(&self, what: &str) {
        execute(&format!("pg_ctl --wait --pgdata={}/data {what}", self.folder)).await;
    }

    async fn run(&self, database: &str, statements: &str) -> String {
        let login = format!("--host={} --username=clerk --dbname={database}", self.folder);
        let statements = statements.replace('\'', r"'\''");
        execute(&format!(
            "psql {login} --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 \
             --command='{statements}'"
        ))
        .await
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        drop(self.pipe.take());
        self.keeper.wait().expect("the keeper is ours");
    }
}

/// Runs a command to its end and returns what it says.
async fn execute(command: &str) -> String {
    let mut process = as_postgres(command);
    let output = spawn_blocking(move || process.output()).await.expect("waiting does not panic");
    let output = output.expect("there is a shell");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command}: {told}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// A shell that finds the server's programs; the server refuses to run as root.
fn as_postgres(script: &str) -> Command {
    let script = format!("PATH=\"$PATH:$(echo /usr/lib/postgresql/*/bin | tr ' ' ':')\"\n{script}");
    let is_root = fs::metadata("/proc/self").expect("there is a /proc").uid() == 0;
    let mut command = Command::new(if is_root { "runuser" } else { "sh" });
    if is_root {
        command.args(["-u", "postgres", "--", "sh"]);
    }
    command.args(["-c", &script]).env("PGPASSWORD", PASSWORD).current_dir("/");
    command.stdin(Stdio::null());
    command
}
