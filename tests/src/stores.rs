//! Real Redis and real `MongoDB`, one process each, to be killed and brought back.

mod mongodb;
mod redis;

#[cfg(test)]
mod tests;

pub use self::mongodb::MongoDb;
pub use self::redis::Redis;
