//! A wire to PostgreSQL that can be cut at a chosen place.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

/// Where the wire is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// The server never sees the COMMIT.
    BeforeCommit,
    /// The server commits; its answer never arrives.
    AfterCommit,
    /// In the middle of a transaction: the server never sees the statement that writes the entries.
    BeforeEntries,
    /// The server never sees the statement that publishes a checkpoint.
    BeforeCheckpoint,
    /// The server commits a checkpoint; its answer never arrives.
    AfterCheckpoint,
}

impl Cut {
    const fn word(self) -> &'static [u8] {
        match self {
            Self::BeforeCommit | Self::AfterCommit => b"COMMIT\0", // not READ COMMITTED
            Self::BeforeEntries => b"INSERT INTO entries",
            Self::BeforeCheckpoint | Self::AfterCheckpoint => b"UPDATE checkpoints",
        }
    }
}

#[derive(Default)]
struct Plan {
    cut: Mutex<Option<Cut>>,
    /// Nobody gets through any more.
    dark_after_cut: AtomicBool,
    dark: AtomicBool,
    cuts: AtomicUsize,
}

/// Forwards every connection to a server, until it is told to cut one.
pub struct Proxy {
    pub url: String,
    plan: Arc<Plan>,
}

impl Proxy {
    /// Before the server that this URL names.
    pub fn before(url: &str) -> Self {
        let (login, rest) = url.rsplit_once('@').expect("a login");
        let (server, database) = rest.split_once('/').expect("a database");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let plan = Arc::new(Plan::default());
        let (own, server) = (plan.clone(), server.to_owned());
        thread::spawn(move || {
            for client in listener.incoming() {
                let client = client.expect("a client");
                if own.dark.load(Ordering::SeqCst) {
                    continue;
                }
                let server = TcpStream::connect(&server).expect("the server is up");
                let _ = client.set_nodelay(true);
                let _ = server.set_nodelay(true);
                let (up, down) = (
                    (
                        client.try_clone().expect("a handle"),
                        server.try_clone().expect("a handle"),
                    ),
                    (server, client),
                );
                let plan = own.clone();
                let answering = Arc::new(AtomicBool::new(true));
                let answers = answering.clone();
                thread::spawn(move || forward_up(up.0, up.1, &plan, &answering));
                thread::spawn(move || forward_down(down.0, down.1, &answers));
            }
        });
        Self {
            url: format!("{login}@127.0.0.1:{port}/{database}"),
            plan,
        }
    }

    /// The next connection that comes to this place is cut there, once.
    pub fn cut(&self, cut: Cut) {
        *self.plan.cut.lock().expect("no panic") = Some(cut);
    }

    /// After the cut the server cannot be reached any more.
    pub fn then_dark(&self) {
        self.plan.dark_after_cut.store(true, Ordering::SeqCst);
    }

    /// The server can be reached again.
    pub fn light(&self) {
        self.plan.dark_after_cut.store(false, Ordering::SeqCst);
        self.plan.dark.store(false, Ordering::SeqCst);
    }

    /// How many connections were cut.
    pub fn cuts(&self) -> usize {
        self.plan.cuts.load(Ordering::SeqCst)
    }
}

fn forward_up(mut client: TcpStream, mut server: TcpStream, plan: &Plan, answering: &AtomicBool) {
    let mut buffer = vec![0; 1 << 16];
    while let Ok(read) = client.read(&mut buffer) {
        if read == 0 {
            break;
        }
        let bytes = &buffer[..read];
        let mut wanted = plan.cut.lock().expect("no panic");
        let cut = wanted.filter(|cut| {
            bytes
                .windows(cut.word().len())
                .any(|window| window == cut.word())
        });
        if cut == Some(Cut::AfterCheckpoint) {
            *wanted = Some(Cut::AfterCommit); // of this transaction, which is the next that commits
        } else if let Some(cut) = cut {
            *wanted = None;
            drop(wanted);
            if plan.dark_after_cut.load(Ordering::SeqCst) {
                plan.dark.store(true, Ordering::SeqCst);
            }
            if cut == Cut::AfterCommit {
                answering.store(false, Ordering::SeqCst);
                let _ = server.write_all(bytes);
            }
            plan.cuts.fetch_add(1, Ordering::SeqCst);
            // The server reads what it was sent before it sees that the wire has ended.
            let _ = server.shutdown(Shutdown::Write);
            let _ = client.shutdown(Shutdown::Both);
            return;
        }
        drop(wanted);
        if server.write_all(bytes).is_err() {
            break;
        }
    }
    let _ = server.shutdown(Shutdown::Write);
}

fn forward_down(mut server: TcpStream, mut client: TcpStream, answering: &AtomicBool) {
    let mut buffer = vec![0; 1 << 16];
    while let Ok(read) = server.read(&mut buffer) {
        if read == 0 || !answering.load(Ordering::SeqCst) {
            break;
        }
        if client.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    let _ = client.shutdown(Shutdown::Both);
}
