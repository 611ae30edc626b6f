//! The running edge, from outside: in process, then as the program.

// Always true here; it tells clippy that helpers may fail by panicking too.
#[cfg(test)]
mod support;

#[cfg(test)]
mod app;
#[cfg(test)]
mod program;
