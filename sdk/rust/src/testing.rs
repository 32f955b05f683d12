//! Unit tests of handlers, on the machine that builds them: outside WebAssembly, only.

use crate::config::Config;
use crate::event::Event;
use crate::memory::Scratch;

/// Calls test with an event of empty text on topic `test`, to be made what it should be:
///
/// ```
/// use relay::{testing, Event, Verdict};
/// fn filter(event: Event<'_>) -> relay::Result<'_> {
///     Ok(if event.field("level") == "debug" { Verdict::Drop("debug") } else { Verdict::Pass })
/// }
/// testing::event(|e| assert!(matches!(filter(e.with_json(r#"{"level": "debug"}"#)), Ok(Verdict::Drop("debug")))));
/// ```
///
/// Lines of the log go to stderr; emitted events, the key-value store and metrics are what relay has, not this.
pub fn event(test: impl for<'a> FnOnce(Event<'a>)) {
    // SAFETY: nothing is ever reset here, since tests may run within tests.
    test(Event::empty(unsafe { Scratch::new() }));
}

/// Returns a configuration, for tests of `on_init`.
pub fn config(json: &str) -> Config<'static> {
    // SAFETY: nothing is ever reset here.
    unsafe { Config::new(json.as_bytes()) }
}

/// What stands for relay.
pub(crate) mod sys {
    use std::{eprintln, slice, string::String};

    pub unsafe fn log(level: u32, text: *const u8, len: usize) {
        // SAFETY: the caller's range.
        let line = unsafe { slice::from_raw_parts(text, len) };
        eprintln!("log {}: {}", level, String::from_utf8_lossy(line));
    }

    pub unsafe fn reason(_code: u32, _text: *const u8, _len: usize) {}

    pub unsafe fn emit(_record: *const u8, _len: usize) -> i32 {
        0
    }

    pub unsafe fn kv_get(_key: *const u8, _key_len: usize, _out: *mut u8, _room: usize) -> i32 {
        -1
    }

    pub unsafe fn kv_set(_key: *const u8, _key_len: usize, _value: *const u8, _len: usize, _ttl_ms: i64) -> i32 {
        0
    }

    pub unsafe fn kv_add(_key: *const u8, _key_len: usize, delta: i64, _ttl_ms: i64) -> i64 {
        delta
    }

    pub unsafe fn now() -> i64 {
        0
    }

    pub unsafe fn random(out: *mut u8, len: usize) {
        // SAFETY: the caller's range.
        unsafe { out.write_bytes(4, len) }
    }

    pub unsafe fn metric(_name: *const u8, _len: usize, _delta: i64) {}
}
