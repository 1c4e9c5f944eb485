//! A proxy before one broker, which knows of each reply what it answers, and can do it harm.

use std::collections::HashMap;
use std::io::{Read, Result, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Bytes of a request among which its client's or its transactions' id stands.
const HEAD: usize = 160;

/// Requests by their keys in Kafka's protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Api {
    Produce = 0,
    Fetch = 1,
    Metadata = 3,
    AddPartitionsToTxn = 24,
    EndTxn = 26,
    TxnOffsetCommit = 28,
}

/// What is done to a reply.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Harm {
    /// It never comes; the connection stays.
    Swallow,
    /// It comes late, and with it all behind it.
    Delay(Duration),
    /// The connection ends instead.
    Cut,
    /// An answer about the cluster names no broker, as one does whose nodes were all fenced a moment ago.
    NoBrokers,
}

/// What is to be done next.
#[derive(Clone, Copy)]
struct Plan {
    api: i16,
    harm: Harm,
    left: u32,
}

/// A proxy for as long as the process lives.
pub(crate) struct Proxy {
    plan: Arc<Mutex<Option<Plan>>>,
}

impl Proxy {
    /// Listens on `before` and hands on to `behind`; only requests whose head holds one of these `marks` come to harm.
    pub(crate) fn start(before: u16, behind: u16, marks: &'static [&'static str]) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", before)).unwrap();
        let plan = Arc::new(Mutex::new(None));
        let shared = plan.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                // While the broker is not up yet, its clients find nobody.
                if let Ok(broker) = TcpStream::connect(("127.0.0.1", behind)) {
                    join(client, broker, &shared, marks);
                }
            }
        });
        Self { plan }
    }

    /// The next `count` replies to requests of this kind come to harm.
    pub(crate) fn harm(&self, api: Api, harm: Harm, count: u32) {
        *self.plan.lock().unwrap() = Some(Plan { api: api as i16, harm, left: count });
    }

    /// How many are still to come to harm.
    pub(crate) fn left(&self) -> u32 {
        self.plan.lock().unwrap().map_or(0, |plan| plan.left)
    }
}

/// Two threads carry what a client and the broker say to each other.
fn join(client: TcpStream, broker: TcpStream, plan: &Arc<Mutex<Option<Plan>>>, marks: &'static [&'static str]) {
    let _ = (client.set_nodelay(true), broker.set_nodelay(true));
    let asked: Arc<Mutex<HashMap<i32, i16>>> = Arc::default();
    let (from, to, noted) = (client.try_clone().unwrap(), broker.try_clone().unwrap(), asked.clone());
    std::thread::spawn(move || {
        let _ = carry(&from, &to, |frame| {
            // Key, version, correlation id.
            let head = &frame[..frame.len().min(HEAD)];
            let marked = marks.iter().any(|mark| head.windows(mark.len()).any(|part| part == mark.as_bytes()));
            if let (true, Some(api), Some(id)) = (marked, number::<2>(frame, 0), number::<4>(frame, 4)) {
                noted.lock().unwrap().insert(i32::from_be_bytes(id), i16::from_be_bytes(api));
            }
            Some(Duration::ZERO)
        });
        let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
    });
    let plan = plan.clone();
    std::thread::spawn(move || {
        let _ = carry(&broker, &client, |frame| {
            let id = number::<4>(frame, 0).map(i32::from_be_bytes)?;
            let api = asked.lock().unwrap().remove(&id);
            let mut plan = plan.lock().unwrap();
            let Some(due) = plan.as_mut().filter(|due| due.left > 0 && Some(due.api) == api) else {
                return Some(Duration::ZERO);
            };
            due.left -= 1;
            match due.harm {
                Harm::Swallow => None,
                Harm::Delay(time) => Some(time),
                Harm::Cut => {
                    let _ = broker.shutdown(Shutdown::Both);
                    None
                }
                Harm::NoBrokers => {
                    leave_out_brokers(frame);
                    Some(Duration::ZERO)
                }
            }
        });
        let _ = (client.shutdown(Shutdown::Both), broker.shutdown(Shutdown::Both));
    });
}

fn number<const N: usize>(frame: &[u8], at: usize) -> Option<[u8; N]> {
    frame.get(at..at + N)?.try_into().ok()
}

/// Takes the brokers out of a Metadata response of version 9 or newer: correlation id and tags, throttle time, then the
/// array of id, host, port, rack and tags. Lengths are one more than they are, and below 128 here, so a byte each.
fn leave_out_brokers(frame: &mut Vec<u8>) {
    const BROKERS: usize = 4 + 1 + 4;
    let count = usize::from(frame[BROKERS]).saturating_sub(1);
    let end = (0..count).fold(BROKERS + 1, |at, _| {
        let port = at + 4 + usize::from(frame[at + 4]).max(1);
        let rack = port + 4;
        rack + usize::from(frame[rack]).max(1) + 1
    });
    frame.splice(BROKERS..end, [1]);
}

/// Carries frames, each after its length, as late as `judge` says; `None` leaves it out.
fn carry(
    mut from: &TcpStream,
    mut to: &TcpStream,
    mut judge: impl FnMut(&mut Vec<u8>) -> Option<Duration>,
) -> Result<()> {
    let mut frame = Vec::new();
    loop {
        let mut length = [0; 4];
        from.read_exact(&mut length)?;
        frame.resize(u32::from_be_bytes(length) as usize, 0);
        from.read_exact(&mut frame)?;
        if let Some(late) = judge(&mut frame) {
            std::thread::sleep(late);
            to.write_all(&(frame.len() as u32).to_be_bytes())?;
            to.write_all(&frame)?;
        }
    }
}
