//! Everything at once: three issuers that rotate their keys every two seconds behind servers that fail by chance,
//! nodes of a service that come and go, and every verdict held against an oracle.
//!
//! It takes a minute; `SOAK_SECONDS` says otherwise, `SOAK_SEED` has the faults and requests of an earlier run come
//! again (`scripts/soak`). It runs in a process of its own, so that its memory is its own.
//!
//! | room | what |
//! |---|---|
//! | `world` | the issuers: keys, rotations, tokens |
//! | `faults` | what their servers do |
//! | `node` | a node of the service, and which keys it holds |
//! | `oracle` | what it must answer |

#![allow(clippy::print_stdout, reason = "the report is what it is run for")]

mod faults;
mod node;
mod oracle;
mod world;

use core::time::Duration;
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use futures_util::FutureExt as _;
use http::Response;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use self::faults::Faults;
use self::node::{Issuers, Node, Waiting};
use self::oracle::{KINDS, Kind, expected};
use self::world::{Issuer, Random, Set, bogus, by_secret, under_another_name};
use super::fault_server::{Answer, FaultServer};
use crate::attacks::covers;

const ISSUERS: usize = 3;
const NODES: usize = 8;
/// The oldest node but the veteran is replaced by a new one.
const RESTART: Duration = Duration::from_millis(500);
const ROTATION: Duration = Duration::from_secs(2);
const SURPRISE: Duration = Duration::from_secs(5);
/// 2,000 requests a second, where the machine is up to it.
const TICK: Duration = Duration::from_millis(5);
const REQUESTS_OF_A_TICK: usize = 10;
/// Of each hundred requests that wait, so many are given up.
const GIVEN_UP: usize = 5;
const LEAST_OF_EACH_FAULT: usize = 10;
const MOST_GROWTH: u64 = 16 << 20;

covers! {
    whatever_the_issuers_do_every_verdict_is_the_one_that_the_held_keys_give [69 R8 R11];
}

fn seconds() -> u64 {
    std::env::var("SOAK_SECONDS").map_or(60, |seconds| seconds.parse().unwrap())
}

#[tokio::test]
async fn whatever_the_issuers_do_every_verdict_is_the_one_that_the_held_keys_give() {
    if std::env::var_os("SOAK_INSIDE").is_some() {
        return soak(Duration::from_secs(seconds())).await;
    }
    // Without the name of the binary.
    let (_, module) = module_path!().split_once("::").unwrap();
    let name = format!("{module}::whatever_the_issuers_do_every_verdict_is_the_one_that_the_held_keys_give");
    let mut inside = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &name, "--nocapture"])
        .env("SOAK_INSIDE", "1")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(inside.stdout.take().unwrap()).lines();
    let reading = tokio::task::spawn_blocking(move || {
        let mut is_whole = false;
        for line in lines {
            let line = line.unwrap();
            is_whole |= line.starts_with(LAST_LINE);
            println!("{line}");
        }
        is_whole
    });
    let whole = tokio::time::timeout(Duration::from_secs(seconds() + 60), reading).await;
    if whole.is_err() {
        inside.kill().unwrap();
    }
    let status = inside.wait().unwrap();
    assert!(matches!(whole, Ok(Ok(true))) && status.success(), "the soak failed: {whole:?}, {status}");
}

/// Whoever waits for the report knows by this that there was one.
const LAST_LINE: &str = "memory: ";

/// What happened.
#[derive(Default)]
struct Report {
    verdicts: BTreeMap<(Kind, u16), usize>,
    waited: usize,
    given_up: usize,
    restarts: usize,
    surprises: usize,
    /// In bytes, in the order of time.
    memory: Vec<u64>,
}

impl Report {
    fn judge(
        &mut self,
        asked: &Request,
        response: &Response<axum::body::Body>,
        held: Option<&Arc<Set>>,
        waiting: usize,
    ) {
        let status = response.status().as_u16();
        let expected = expected(asked.kind, asked.key_id.as_deref(), held, waiting);
        assert!(
            expected.contains(&status),
            "{asked:?} was answered with {status} instead of {expected:?}; version {:?} was held, {waiting} waited",
            held.map(|set| set.version)
        );
        assert_eq!(response.headers().contains_key("retry-after"), status == 503, "{asked:?}");
        assert_eq!(response.headers().contains_key("www-authenticate"), status == 401, "{asked:?}");
        *self.verdicts.entry((asked.kind, status)).or_default() += 1;
    }

    fn of(&self, kind: Kind, status: u16) -> usize {
        self.verdicts.get(&(kind, status)).copied().unwrap_or_default()
    }

    fn requests(&self) -> usize {
        self.verdicts.values().sum()
    }
}

/// A request, without its token.
#[derive(Debug)]
struct Request {
    kind: Kind,
    /// The issuer whose keys it is judged by.
    issuer: usize,
    key_id: Option<String>,
}

/// A request of chance; one of another where there is none yet.
fn draw(issuers: &Issuers, names: &[String], random: &mut Random) -> (Request, Option<String>) {
    let mut left = random.below(100);
    let drawn = KINDS.iter().find(|(_, share)| {
        let is_it = left < *share;
        left = left.saturating_sub(*share);
        is_it
    });
    let mut kind = drawn.unwrap().0;
    let mut number = random.below(ISSUERS);
    let issuer = issuers[number].lock().unwrap();
    let of = match kind {
        Kind::Previous => issuer.previous.as_ref(),
        Kind::Retired => issuer.retired.back(),
        Kind::Sudden => issuer.of_sudden.as_ref(),
        _ => None,
    };
    if of.is_none() && matches!(kind, Kind::Previous | Kind::Retired | Kind::Sudden) {
        kind = Kind::Current;
    }
    let of = of.unwrap_or(&issuer.current);
    let mut key_id = Some(of.key_id.clone());
    let token = match kind {
        Kind::Current | Kind::Previous | Kind::Retired | Kind::Sudden => of.good.clone(),
        Kind::Tampered => of.tampered.clone(),
        Kind::ForAnother => of.for_another.clone(),
        Kind::Expired => of.expired.clone(),
        Kind::Bogus => {
            key_id = None;
            bogus(&issuer.name, random)
        }
        Kind::UnderAnotherName => {
            // The other one judges, and has no such key.
            number = (number + 1) % ISSUERS;
            under_another_name(of, &names[number])
        }
        Kind::Untrusted => under_another_name(of, "https://evil.example/"),
        Kind::BySecret => by_secret(of, &issuer.name),
        Kind::Malformed => "x.y.z".to_owned(),
        Kind::Nothing => return (Request { kind, issuer: number, key_id: None }, None),
    };
    (Request { kind, issuer: number, key_id }, Some(token))
}

/// The issuers and their servers, on a thread of their own, which ends when the sender is dropped.
async fn serve(faults: Arc<Mutex<Faults>>, seed: u64) -> (Issuers, oneshot::Sender<()>) {
    let (tell, told) = oneshot::channel();
    let (stop, stopped) = oneshot::channel::<()>();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut servers = Vec::new();
            for _ in 0..ISSUERS {
                servers.push(FaultServer::always(Answer::Hang).await);
            }
            let issuer = |number: usize| Mutex::new(Issuer::new(number, servers[number].url("")));
            let issuers: Issuers = (0..ISSUERS).map(issuer).collect();
            for (number, server) in servers.iter().enumerate() {
                let (issuers, faults) = (Arc::clone(&issuers), Arc::clone(&faults));
                let mut random = Random(seed.wrapping_add(1 + number as u64));
                server.script(move |asked| faults::answer(asked, &issuers[number], &faults, &mut random));
            }
            let _ = tell.send(issuers);
            let _ = stopped.await;
        });
    });
    (told.await.unwrap(), stop)
}

/// One task for everything but the servers, and one thread: between what a node takes in and what it answers nothing
/// else happens, so that the oracle knows and does not guess.
async fn soak(length: Duration) {
    let seed = match std::env::var("SOAK_SEED") {
        Ok(seed) => seed.parse().unwrap(),
        Err(_) => getrandom::u64().unwrap(),
    };
    println!("soak: {} s, SOAK_SEED={seed}", length.as_secs());
    let (faults, mut random) = (Arc::new(Mutex::new(Faults::none_yet())), Random(seed));
    let (issuers, _stop) = serve(Arc::clone(&faults), seed).await;
    let names: Vec<_> = issuers.iter().map(|issuer| issuer.lock().unwrap().name.clone()).collect();
    let mut nodes: Vec<_> = (0..NODES).map(|_| Node::start(&issuers)).collect();
    let report = Arc::new(Mutex::new(Report::default()));
    let mut waiting = JoinSet::new();
    let mut tick = interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let began = Instant::now();
    let (mut restart, mut rotation, mut surprise) = (RESTART, ROTATION, SURPRISE);
    let (mut next, mut sampled) = (1, Duration::ZERO);
    while began.elapsed() < length {
        tick.tick().await;
        let now = began.elapsed();
        if now >= restart {
            // The first one is the veteran, whose sets grow old.
            nodes[next] = Node::start(&issuers);
            next = next % (NODES - 1) + 1;
            restart = now + RESTART;
            report.lock().unwrap().restarts += 1;
        }
        if now >= rotation {
            issuers.iter().for_each(|issuer| issuer.lock().unwrap().rotate());
            rotation = now + ROTATION;
        }
        if now >= surprise {
            issuers[random.below(ISSUERS)].lock().unwrap().surprise();
            surprise = now + SURPRISE;
            report.lock().unwrap().surprises += 1;
        }
        if now >= sampled {
            report.lock().unwrap().memory.extend(memory());
            sampled = now + length / 300;
        }
        for _ in 0..REQUESTS_OF_A_TICK {
            let node = &nodes[random.below(NODES)];
            let (request, token) = draw(&issuers, &names, &mut random);
            let mut answering = node.ask(token.as_deref());
            // Those of the moment before the request: it may itself take a place.
            let places = node.held.lock().unwrap()[request.issuer].waiting;
            if let Some(response) = answering.as_mut().now_or_never() {
                let held = node.held.lock().unwrap()[request.issuer].set.clone();
                report.lock().unwrap().judge(&request, &response, held.as_ref(), places);
                continue;
            }
            let patient = Waiting::new(answering, node, request.issuer);
            if random.per_cent(GIVEN_UP) {
                report.lock().unwrap().given_up += 1;
                continue;
            }
            let report = Arc::clone(&report);
            waiting.spawn(async move {
                let (response, held) = patient.done().await;
                let mut report = report.lock().unwrap();
                report.waited += 1;
                report.judge(&request, &response, held.as_ref(), 0);
            });
        }
        while let Some(ended) = waiting.try_join_next() {
            ended.unwrap();
        }
    }
    while let Some(ended) = waiting.join_next().await {
        ended.unwrap();
    }
    finish(&report.lock().unwrap(), &issuers, &faults.lock().unwrap(), began.elapsed());
}

/// What the process has in memory, where the system tells (`/proc/self/status`, `VmRSS`, in KiB).
fn memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok().map(|kib| kib << 10)
}

fn finish(report: &Report, issuers: &Issuers, faults: &Faults, took: Duration) {
    let rotations: usize = issuers.iter().map(|issuer| issuer.lock().unwrap().rotations).sum();
    let Report { waited, given_up, restarts, surprises, memory, .. } = report;
    println!("rotations: {rotations} of {ISSUERS} issuers, {surprises} keys that nobody had heard of");
    println!("nodes: {NODES}, of which {restarts} were replaced");
    println!("faults:");
    for (fault, count) in faults.counts() {
        println!("  {fault:<16} {count:>6}");
    }
    let rate = report.requests() as f64 / took.as_secs_f64();
    println!(
        "requests: {}, {rate:.0} a second; {waited} waited, {given_up} were given up",
        report.requests()
    );
    for ((kind, status), count) in &report.verdicts {
        println!("  {:<16} {status} {count:>8}", format!("{kind:?}"));
    }
    for (fault, count) in faults.counts() {
        assert!(
            *count >= LEAST_OF_EACH_FAULT,
            "{fault} was {count} times: the soak is too short to show anything"
        );
    }
    // An oracle that allows everything would allow these to be none.
    for (kind, status) in [
        (Kind::Current, 200),
        (Kind::Current, 503),
        (Kind::Previous, 200),
        (Kind::Retired, 401),
        (Kind::Sudden, 200),
        (Kind::Sudden, 401),
        (Kind::Tampered, 401),
        (Kind::Bogus, 401),
        (Kind::UnderAnotherName, 401),
    ] {
        assert!(report.of(kind, status) > 0, "{kind:?} was never {status}");
    }
    assert!(*waited > 0 && *given_up > 0);
    assert_eq!(report.of(Kind::Bogus, 200) + report.of(Kind::Tampered, 200), 0);
    let mean = |part: &[u64]| part.iter().sum::<u64>() / part.len().max(1) as u64;
    let third = memory.len() / 3;
    let (first, last) = (mean(&memory[..third]), mean(&memory[memory.len() - third..]));
    println!("{LAST_LINE}{} KiB in the first third, {} KiB in the last", first >> 10, last >> 10);
    assert!(last < first + MOST_GROWTH, "it grows: {first} bytes, then {last}");
}
