//! A program under test: started with given settings and nothing else, its log
//! kept, killed or stopped or started again on the same addresses.

use std::io::{BufRead as _, BufReader, Read};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::process::{Pid, Resource, Rlimit, Signal};
use serde_json::Value;

use crate::eventually;

/// One program and how to start it again.
#[derive(Debug)]
pub struct Program {
    name: String,
    path: PathBuf,
    arguments: Vec<String>,
    variables: Vec<(String, String)>,
    folder: PathBuf,
    addresses: Vec<SocketAddr>,
    running: Option<Running>,
    lines: Arc<Mutex<Vec<String>>>,
}

#[derive(Debug)]
struct Running {
    child: Child,
    readers: Vec<JoinHandle<()>>,
}

impl Program {
    /// A program that is not started yet. `folder` is its working directory;
    /// `addresses` are those that it will listen on.
    #[must_use]
    pub fn new(name: &str, path: &Path, folder: &Path, addresses: &[SocketAddr]) -> Self {
        Self {
            name: name.to_owned(),
            path: path.to_owned(),
            arguments: Vec::new(),
            variables: Vec::new(),
            folder: folder.to_owned(),
            addresses: addresses.to_vec(),
            running: None,
            lines: Arc::default(),
        }
    }

    /// The same program with the same arguments and settings, on other addresses;
    /// not started.
    #[must_use]
    pub fn another(&self, addresses: &[SocketAddr]) -> Self {
        let mut another = Self::new(&self.name, &self.path, &self.folder, addresses);
        another.arguments.clone_from(&self.arguments);
        another.variables.clone_from(&self.variables);
        another
    }

    /// Adds one argument.
    #[must_use]
    pub fn arg(mut self, argument: impl Into<String>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Takes a limit on the size of files for an error, as a full disk is one: by
    /// itself it would be a signal that ends the program.
    #[must_use]
    pub fn ignoring_the_file_size_signal(mut self) -> Self {
        let script = "trap '' XFSZ; exec \"$0\" \"$@\"";
        let path = std::mem::replace(&mut self.path, PathBuf::from("/bin/sh"));
        let own = std::mem::take(&mut self.arguments);
        self.arguments = vec!["-c".into(), script.into(), path.display().to_string()];
        self.arguments.extend(own);
        self
    }

    /// From now on the running program can write no file beyond this many bytes;
    /// `None` lifts the limit, and so does a new start.
    pub fn limit_files(&self, bytes: Option<u64>) {
        let running = self.running.as_ref();
        let running = running.expect("a limit needs a running program");
        let limit = Rlimit {
            current: bytes,
            maximum: None,
        };
        // One that has just died needs no limit.
        let pid = Pid::from_child(&running.child);
        let _gone = rustix::process::prlimit(Some(pid), Resource::Fsize, limit);
    }

    /// Sets a variable of the environment, for this start and later ones. An empty
    /// value takes it away.
    pub fn set(&mut self, name: &str, value: &str) {
        self.variables.retain(|(known, _)| known != name);
        if !value.is_empty() {
            self.variables.push((name.to_owned(), value.to_owned()));
        }
    }

    /// Sets several variables.
    pub fn set_all(&mut self, variables: &[(&str, &str)]) {
        for (name, value) in variables {
            self.set(name, value);
        }
    }

    /// Starts it and waits until it listens on all its addresses.
    ///
    /// Panics, with its log, when it ends instead.
    pub async fn start(&mut self) {
        if let Err(status) = self.try_start().await {
            panic!(
                "{} ended with {status} instead of listening:\n{}",
                self.name,
                self.log()
            );
        }
    }

    /// The same for a program that may end before it listens.
    ///
    /// # Errors
    /// How it ended.
    pub async fn try_start(&mut self) -> Result<(), ExitStatus> {
        self.spawn();
        let what = format!("{} listens", self.name);
        eventually(&what, async || {
            if let Some(status) = self.ended() {
                return Ok(Err(status));
            }
            for address in &self.addresses {
                TcpStream::connect_timeout(address, Duration::from_millis(200))
                    .map_err(|error| format!("{address}: {error}"))?;
            }
            Ok::<_, String>(Ok(()))
        })
        .await
    }

    /// Starts it and waits until it ends by itself, as a command line or a refused
    /// start does.
    pub async fn run_to_end(&mut self) -> ExitStatus {
        self.spawn();
        self.wait().await
    }

    /// Ends it like a power cut: SIGKILL.
    pub fn kill(&mut self) {
        if let Some(mut running) = self.running.take() {
            running.end();
        }
    }

    /// Asks it to end with SIGTERM; does not wait.
    pub fn ask_to_end(&self) {
        self.signal(Signal::TERM);
    }

    /// Stops it where it is with SIGSTOP: it holds its connections and answers
    /// nothing. It does when this returns: one thread hears of the signal first, and
    /// until it has had its turn the others still answer.
    pub fn freeze(&self) {
        self.signal(Signal::STOP);
        while !self.is_frozen() {
            std::thread::yield_now();
        }
    }

    /// Whether each of its threads has stopped, or it is gone.
    fn is_frozen(&self) -> bool {
        let Some(id) = self.id() else {
            return true;
        };
        let Ok(threads) = std::fs::read_dir(format!("/proc/{id}/task")) else {
            return true;
        };
        threads.flatten().all(|thread| {
            let state = std::fs::read_to_string(thread.path().join("stat"));
            // After the name in brackets, which may hold anything.
            state.map_or(true, |state| {
                let state = state.rsplit(") ").next().unwrap_or_default();
                state.starts_with(['T', 't', 'Z', 'X'])
            })
        })
    }

    /// Lets it go on after [`Program::freeze`].
    pub fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    /// Asks it to end and waits for it.
    pub async fn terminate(&mut self) -> ExitStatus {
        self.ask_to_end();
        self.wait().await
    }

    /// Waits for its end and returns how it ended.
    pub async fn wait(&mut self) -> ExitStatus {
        let what = format!("{} ends", self.name);
        let status = eventually(&what, async || self.ended().ok_or("still running")).await;
        self.kill();
        status
    }

    /// Starts it again, with what was [`Program::set`] meanwhile. Its log goes on.
    pub async fn restart(&mut self) {
        self.kill();
        self.start().await;
    }

    /// How it ended, when it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        let running = self.running.as_mut()?;
        running
            .child
            .try_wait()
            .expect("our own child can be waited for")
    }

    /// The process id, while it runs.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        self.running.as_ref().map(|running| running.child.id())
    }

    /// Every line of its log so far.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.lines
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Its log so far, as one text.
    #[must_use]
    pub fn log(&self) -> String {
        self.lines().join("\n")
    }

    /// Its log lines that are JSON, as our programs write them under the harness.
    #[must_use]
    pub fn json_lines(&self) -> Vec<Value> {
        self.lines()
            .iter()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect()
    }

    /// Waits for a line that contains this text and returns it.
    pub async fn line_with(&self, text: &str) -> String {
        let what = format!("{} logs {text:?}", self.name);
        eventually(&what, async || {
            self.lines()
                .into_iter()
                .find(|line| line.contains(text))
                .ok_or_else(|| self.log())
        })
        .await
    }

    fn spawn(&mut self) {
        assert!(self.running.is_none(), "{} runs already", self.name);
        let mut command = Command::new(&self.path);
        command
            .args(&self.arguments)
            .current_dir(&self.folder)
            .env_clear();
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command
            .spawn()
            .unwrap_or_else(|error| panic!("could not start {}: {error}", self.path.display()));
        let mut readers = Vec::new();
        if let Some(pipe) = child.stdout.take() {
            readers.push(keep_lines(pipe, Arc::clone(&self.lines)));
        }
        if let Some(pipe) = child.stderr.take() {
            readers.push(keep_lines(pipe, Arc::clone(&self.lines)));
        }
        self.running = Some(Running { child, readers });
    }

    fn signal(&self, signal: Signal) {
        let running = self
            .running
            .as_ref()
            .expect("a signal needs a running program");
        rustix::process::kill_process(Pid::from_child(&running.child), signal)
            .expect("our own child takes signals");
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.kill();
        // Cargo shows what a failed test wrote; the log is what explains it.
        if std::thread::panicking() {
            use std::io::Write as _;
            let _ = writeln!(
                std::io::stderr(),
                "--- log of {}\n{}",
                self.name,
                self.log()
            );
        }
    }
}

impl Running {
    fn end(&mut self) {
        let _already_ended = self.child.kill();
        let _status = self.child.wait();
        for reader in self.readers.drain(..) {
            let _read_all = reader.join();
        }
    }
}

fn keep_lines(pipe: impl Read + Send + 'static, lines: Arc<Mutex<Vec<String>>>) -> JoinHandle<()> {
    std::thread::spawn(move || {
        let mut pipe = BufReader::new(pipe);
        let mut line = Vec::new();
        while pipe
            .read_until(b'\n', &mut line)
            .is_ok_and(|length| length > 0)
        {
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            lines
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(text);
            line.clear();
        }
    })
}
