//! What is shown while a run lasts: bars with rate and time left on a terminal, plain
//! lines otherwise.

use std::io::{IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicUsize, Ordering};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How progress is shown.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    style: Style,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    Bars,
    Lines,
    Quiet,
}

/// One part of a run.
#[derive(Debug)]
pub struct Phase {
    name: &'static str,
    total: usize,
    done: AtomicUsize,
    bar: Option<ProgressBar>,
    lines: bool,
}

impl Progress {
    /// Bars where standard error is a terminal, lines where not.
    #[must_use]
    pub fn new() -> Self {
        let style = if std::io::stderr().is_terminal() {
            Style::Bars
        } else {
            Style::Lines
        };
        Self { style }
    }

    /// Nothing at all.
    #[must_use]
    pub fn quiet() -> Self {
        Self {
            style: Style::Quiet,
        }
    }

    /// Begins a part of so many steps; one of none is not shown.
    #[must_use]
    pub fn phase(&self, name: &'static str, total: usize) -> Phase {
        let shown = total > 0;
        let bar = (shown && self.style == Style::Bars).then(|| {
            let length = u64::try_from(total).unwrap_or(u64::MAX);
            let target = ProgressDrawTarget::stderr();
            let bar = ProgressBar::with_draw_target(Some(length), target);
            let template = "{msg:38} {wide_bar} {pos}/{len} {per_sec:>10} {eta:>5} left";
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style);
            }
            bar.set_message(name);
            bar
        });
        Phase {
            name,
            total,
            done: AtomicUsize::new(0),
            bar,
            lines: shown && self.style == Style::Lines,
        }
    }
}

impl Default for Progress {
    fn default() -> Self {
        Self::new()
    }
}

impl Phase {
    /// So many more steps are done.
    pub fn step(&self, count: usize) {
        let before = self.done.fetch_add(count, Ordering::Relaxed);
        let after = before + count;
        if let Some(bar) = &self.bar {
            bar.inc(u64::try_from(count).unwrap_or(u64::MAX));
        }
        // A line for each tenth, so that a log does not fill.
        let tenth = |done: usize| done * 10 / self.total.max(1);
        if self.lines && tenth(after) != tenth(before) {
            self.say(after);
        }
    }

    /// All steps are done, or nothing is left to do.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish();
        }
    }

    fn say(&self, done: usize) {
        let (name, total) = (self.name, self.total);
        let _closed = writeln!(std::io::stderr(), "{name}: {done} of {total}");
    }
}
