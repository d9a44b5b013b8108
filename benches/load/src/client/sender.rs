//! Carries a plan out: one thread, woken for connections that can be read and for the clock.

use crate::clock::Clock;
use crate::connection::Connection;
use crate::plan::{Order, Plan};
use rustix::event::epoll;
use std::collections::VecDeque;
use std::io::Result;
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

/// What the clock is known by; connections are known by their number.
const CLOCK: u64 = u64::MAX;

/// More than a socket gives at once, mostly: the client shall cost little.
const BUFFER: usize = 256 * 1024;

struct Sender {
    connections: Vec<Connection>,
    poll: OwnedFd,
    events: Vec<epoll::Event>,
    buffer: Vec<u8>,
    request: Vec<u8>,
}

pub(crate) fn run(order: &Order) -> Result<String> {
    let mut sender = Sender::open(order)?;
    sender.warm_up()?;
    println!("ready");
    std::io::stdin().read_line(&mut String::new())?;

    let start = Instant::now();
    let mut latencies = match order.plan {
        Plan::Requests(requests) => sender.closed_loop(|sent| sent < requests)?,
        Plan::Seconds(time) => sender.closed_loop(|_| start.elapsed() < time)?,
        Plan::Rate { interval, requests } => sender.open_loop(interval, requests)?,
    };
    let seconds = start.elapsed().as_secs_f64();
    latencies.sort_unstable();
    let [p50, p99] =
        [50, 99].map(|percent| latencies.get(latencies.len() * percent / 100).map_or(0, Duration::as_micros));
    let requests = latencies.len();
    Ok(format!("{{\"requests\": {requests}, \"seconds\": {seconds:.6}, \"p50_us\": {p50}, \"p99_us\": {p99}}}"))
}

impl Sender {
    fn open(order: &Order) -> Result<Self> {
        let poll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let mut connections = Vec::new();
        for number in 0..order.connections {
            let connection = Connection::open(&order.address)?;
            epoll::add(&poll, &connection, epoll::EventData::new_u64(number as u64), epoll::EventFlags::IN)?;
            connections.push(connection);
        }
        let request =
            format!("GET {} HTTP/1.1\r\nHost: {}\r\nAccept: */*\r\n\r\n", order.path, order.address).into_bytes();
        Ok(Self { connections, poll, events: Vec::with_capacity(64), buffer: vec![0; BUFFER], request })
    }

    /// One request on each connection, one after another.
    fn warm_up(&mut self) -> Result<()> {
        for number in 0..self.connections.len() {
            self.send(number, Instant::now())?;
            while self.finished()?.0.is_empty() {}
        }
        Ok(())
    }

    /// Sends on each connection as soon as it is free and while more are wanted.
    fn closed_loop(&mut self, more: impl Fn(usize) -> bool) -> Result<Vec<Duration>> {
        let (mut sent, mut latencies) = (0, Vec::new());
        let mut free: Vec<usize> = (0..self.connections.len()).collect();
        loop {
            for number in free {
                if more(sent) {
                    self.send(number, Instant::now())?;
                    sent += 1;
                }
            }
            if latencies.len() == sent {
                return Ok(latencies);
            }
            let finished = self.finished()?.0;
            latencies.extend(finished.iter().map(|(_, latency)| *latency));
            free = finished.into_iter().map(|(number, _)| number).collect();
        }
    }

    /// Sends at even times. Where no connection is free a request waits for one, and its time runs from when it was due.
    fn open_loop(&mut self, interval: Duration, requests: usize) -> Result<Vec<Duration>> {
        let mut clock = Clock::start(interval)?;
        epoll::add(&self.poll, clock.as_fd(), epoll::EventData::new_u64(CLOCK), epoll::EventFlags::IN)?;
        let mut free: VecDeque<usize> = (0..self.connections.len()).collect();
        let (mut due, mut ticked, mut latencies) = (VecDeque::new(), 0, Vec::with_capacity(requests));
        while latencies.len() < requests {
            let (finished, ticks) = self.finished()?;
            for (number, latency) in finished {
                latencies.push(latency);
                free.push_back(number);
            }
            if ticks {
                let mut ticks = clock.ticks()?;
                ticks.truncate(requests - ticked);
                ticked += ticks.len();
                due.extend(ticks);
            }
            while let (Some(number), Some(_)) = (free.front(), due.front()) {
                let number = *number;
                free.pop_front();
                if let Some(time) = due.pop_front() {
                    self.send(number, time)?;
                }
            }
        }
        Ok(latencies)
    }

    fn send(&mut self, number: usize, due: Instant) -> Result<()> {
        self.connections[number].send(&self.request, due)
    }

    /// Waits, and returns the connections whose answers are whole now with the time these took, and whether the clock has ticked.
    fn finished(&mut self) -> Result<(Vec<(usize, Duration)>, bool)> {
        self.events.clear();
        epoll::wait(&self.poll, rustix::buffer::spare_capacity(&mut self.events), None)?;
        let (mut finished, mut ticked) = (Vec::new(), false);
        for event in &self.events {
            match event.data.u64() {
                CLOCK => ticked = true,
                number => {
                    let number = number as usize;
                    if let Some(due) = self.connections[number].receive(&mut self.buffer)? {
                        finished.push((number, due.elapsed()));
                    }
                }
            }
        }
        Ok((finished, ticked))
    }
}
