//! The running edge, from outside: in process, then as the program.

mod support;

mod app;
mod program;
