//! Which threads go first when more of them want to run than there are cores.

/// Far enough below the others that a thread that wakes up to take a call need not wait
/// for one that gives way, and near enough that the latter keep a quarter of a busy core.
const NICE: i32 = 5;

/// From now on this thread gives way to the program's others. For threads that work at
/// length for one caller: those that take up everybody's calls go first, or a call that
/// only has to be refused waits as long as one that is answered. Linux alone sets this
/// for a thread; elsewhere, and where it is refused, nothing changes.
pub fn give_way() {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{getpriority_process, setpriority_process};
        let thread = Some(rustix::thread::gettid());
        if getpriority_process(thread).is_ok_and(|nice| nice < NICE) {
            // It is slower without, and no more.
            let _refused = setpriority_process(thread, NICE);
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use rustix::process::getpriority_process;
    use rustix::thread::gettid;

    use super::*;

    #[test]
    fn the_thread_that_gives_way_is_the_only_one() {
        let nice = || getpriority_process(Some(gettid())).expect("a thread may ask");
        let before = nice();
        let within = std::thread::spawn(move || {
            give_way();
            give_way();
            nice()
        });
        assert_eq!(within.join().expect("it ends"), before.max(NICE));
        assert_eq!(nice(), before);
    }
}
