//! What the machine did and can do: processor time of a process, its memory, how long
//! the disk takes to keep something.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::figures::Latencies;

/// Processor time that a process has used so far, all its threads together, those that
/// have ended too. Steps of one clock tick, 10 ms on Linux.
pub(crate) fn processor_time(process: u32) -> Duration {
    let path = format!("/proc/{process}/stat");
    let text = fs::read_to_string(&path).expect("a running process has /proc/../stat");
    // The name in parentheses may hold anything; fields are counted behind it.
    let after_name = text.rsplit(')').next().unwrap_or_default();
    let ticks: u64 = after_name
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse::<u64>().ok())
        .sum();
    Duration::from_millis(ticks * 1000 / rustix::param::clock_ticks_per_second())
}

/// Memory that a process holds now, in MiB.
pub(crate) fn memory(process: u32) -> f64 {
    let path = format!("/proc/{process}/status");
    let text = fs::read_to_string(&path).expect("a running process has /proc/../status");
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kib.unwrap_or(0.0) / 1024.0
}

/// Median and 99th percentile, in milliseconds, of appending 4 KiB to a file in this
/// folder and waiting until the disk has it.
pub(crate) fn sync_latency(folder: &Path, times: usize) -> (f64, f64) {
    let path = folder.join("sync-latency");
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(&path)
        .expect("a file can be made where the programs keep theirs");
    let block = [b'x'; 4096];
    let mut latencies = Vec::with_capacity(times);
    for _ in 0..times {
        let start = Instant::now();
        file.write_all(&block).expect("the disk has room");
        file.sync_data().expect("the disk can be synchronised");
        latencies.push(u32::try_from(start.elapsed().as_micros()).unwrap_or(u32::MAX));
    }
    let _gone = fs::remove_file(&path);
    let latencies = Latencies::new(latencies);
    (latencies.percentile(0.5), latencies.percentile(0.99))
}

/// "2 cores, Linux".
pub(crate) fn described() -> String {
    let cores = cores();
    let model = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = model
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .map_or("unknown processor", |text| {
            text.trim_start_matches([' ', '\t', ':'])
        });
    format!("{cores} cores, {model}")
}

/// How many cores this process may use.
pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_time_grows_with_work() {
        let process = std::process::id();
        let before = processor_time(process);
        let mut sum = 0_u64;
        while processor_time(process) < before + Duration::from_millis(30) {
            sum = (0..100_000).fold(sum, |sum, n| std::hint::black_box(sum.wrapping_add(n)));
        }
        assert!(processor_time(process) > before);
    }

    #[test]
    fn a_synchronised_write_takes_some_time() {
        let folder = tempfile::TempDir::new().unwrap();
        let (median, slow) = sync_latency(folder.path(), 5);
        assert!(median > 0.0 && slow >= median);
    }
}
