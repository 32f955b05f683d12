//! What relay does for a filter.

use crate::memory::Scratch;
use core::fmt;

/// The level of a log line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum Level {
    Debug,
    Info,
    Warn,
    Error,
}

/// Writes a line to relay's log. [`log!`](crate::log!) formats one.
pub fn log(level: Level, line: &str) {
    log_bytes(level, line.as_bytes());
}

pub(crate) fn log_bytes(level: Level, line: &[u8]) {
    // SAFETY: the range is line.
    unsafe { sys::log(level as u32, line.as_ptr(), line.len()) }
}

/// What log! expands to.
#[doc(hidden)]
pub fn log_arguments(level: Level, arguments: fmt::Arguments<'_>) {
    if let Some(line) = arguments.as_str() {
        return log(level, line);
    }
    // SAFETY: what is made with it is gone before this returns.
    let mut line = unsafe { Scratch::new() }.builder();
    let _ = fmt::Write::write_fmt(&mut line, arguments);
    log_bytes(level, line.so_far());
    line.discard();
}

pub(crate) fn reason(code: u32, why: &str) {
    // SAFETY: the range is why, and code one that relay knows.
    unsafe { sys::reason(code, why.as_ptr(), why.len()) }
}

/// Is returned when an emitted event would exceed the cap on their number or bytes per call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Refused;

pub(crate) fn emit(record: &[u8]) -> Result<(), Refused> {
    // SAFETY: the range is record.
    match unsafe { sys::emit(record.as_ptr(), record.len()) } {
        0 => Ok(()),
        _ => Err(Refused),
    }
}

/// Is returned when the filter's key-value store has no room.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NoRoom;

/// The clock, in nanoseconds since 1970. Grant: now. Without it there is the event's own time.
pub fn now() -> i64 {
    // SAFETY: it takes nothing.
    unsafe { sys::now() }
}

/// Fills out with random bytes that are fit for cryptography. Grant: random.
pub fn random(out: &mut [u8]) {
    // SAFETY: the range is out.
    unsafe { sys::random(out.as_mut_ptr(), out.len()) }
}

/// Adds delta to the filter's metric of that name (`[a-z_][a-z0-9_]*`). Grant: metric.
pub fn metric(name: &str, delta: i64) {
    // SAFETY: the range is name.
    unsafe { sys::metric(name.as_ptr(), name.len(), delta) }
}

/// The filter's key-value store, which its lanes share and other filters do not see. Grant: kv.
pub mod kv {
    use super::{sys, NoRoom};
    use crate::memory::Scratch;
    use core::time::Duration;

    /// Returns the value of key, in scratch memory.
    pub fn get<'a>(scratch: Scratch<'a>, key: &str) -> Option<&'a [u8]> {
        let mut out: &'a mut [u8] = scratch.zeros(128);
        loop {
            let n = read(key, out)?;
            if n <= out.len() {
                return out.get(..n);
            }
            out = scratch.zeros(n); // it did not fit, and may have grown again by the time we ask again
        }
    }

    /// Writes the value of key to out, if it fits, and returns its length.
    pub fn read(key: &str, out: &mut [u8]) -> Option<usize> {
        // SAFETY: the ranges are key and out.
        match unsafe { sys::kv_get(key.as_ptr(), key.len(), out.as_mut_ptr(), out.len()) } {
            n if n < 0 => None,
            n => Some(n as usize),
        }
    }

    /// Sets the value of key for the time ttl, or without end if ttl is 0.
    pub fn set(key: &str, value: &[u8], ttl: Duration) -> Result<(), NoRoom> {
        // SAFETY: the ranges are key and value.
        match unsafe { sys::kv_set(key.as_ptr(), key.len(), value.as_ptr(), value.len(), millis(ttl)) } {
            0 => Ok(()),
            _ => Err(NoRoom),
        }
    }

    /// Removes key.
    pub fn delete(key: &str) {
        // SAFETY: the range is key.
        unsafe { sys::kv_set(key.as_ptr(), key.len(), key.as_ptr(), 0, -1) };
    }

    /// Adds delta to the counter key and returns the sum, in one step for all lanes. A key that is absent starts at 0 and
    /// lasts for ttl (0: without end); later calls do not prolong it.
    pub fn add(key: &str, delta: i64, ttl: Duration) -> Result<i64, NoRoom> {
        // SAFETY: the range is key.
        match unsafe { sys::kv_add(key.as_ptr(), key.len(), delta, millis(ttl)) } {
            i64::MIN => Err(NoRoom),
            sum => Ok(sum),
        }
    }

    /// Rounds up, so that a short ttl does not become one without end.
    fn millis(ttl: Duration) -> i64 {
        const MOST: u64 = i64::MAX as u64 / 1000 - 1;
        (ttl.as_secs().min(MOST) * 1000) as i64 + ((ttl.subsec_nanos() + 999_999) / 1_000_000) as i64
    }
}

#[cfg(target_arch = "wasm32")]
mod sys {
    #[link(wasm_import_module = "relay")]
    extern "C" {
        #[link_name = "log"]
        pub fn log(level: u32, text: *const u8, len: usize);
        pub fn reason(code: u32, text: *const u8, len: usize);
        pub fn emit(record: *const u8, len: usize) -> i32;
        pub fn kv_get(key: *const u8, key_len: usize, out: *mut u8, room: usize) -> i32;
        pub fn kv_set(key: *const u8, key_len: usize, value: *const u8, len: usize, ttl_ms: i64) -> i32;
        pub fn kv_add(key: *const u8, key_len: usize, delta: i64, ttl_ms: i64) -> i64;
        pub fn now() -> i64;
        pub fn random(out: *mut u8, len: usize);
        pub fn metric(name: *const u8, len: usize, delta: i64);
    }
}

#[cfg(not(target_arch = "wasm32"))]
use crate::testing::sys;
