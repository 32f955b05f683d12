//! Filters for relay in Rust: core only, no dependencies, Rust 1.63 or later.
//!
//! ```ignore
//! use relay::{Event, Verdict};
//!
//! relay::filter!(on_event: filter);
//!
//! fn filter(event: Event<'_>) -> relay::Result<'_> {
//!     if event.field("level") == "debug" {
//!         return Ok(Verdict::Drop("debug"));
//!     }
//!     Ok(Verdict::Pass)
//! }
//! ```
//!
//! [`filter!`] names the handlers and generates what relay calls. A handler gets an [`Event`] that views relay's buffer,
//! so an event that passes is never copied, and answers a [`Verdict`] or an [`Error`]. What a handler makes for its answer
//! lies in the event's [`Scratch`] memory, which the next event reuses: memory per event is bounded, and the lifetime `'a`
//! keeps everything of an event from outliving it.
//!
//! What the operator must grant (`allow:` in relay.yaml) is in [`kv`], [`now`], [`random`] and [`metric`]. A filter imports
//! only what it calls. README.md says how to build; the contract with relay is in sdk/abi/README.md.
#![no_std]
#![forbid(unsafe_op_in_unsafe_fn)]
#![warn(missing_docs)]

#[cfg(not(target_arch = "wasm32"))]
extern crate std;

mod attributes;
mod config;
mod event;
mod filter;
mod host;
mod json;
mod memory;
mod verdict;

pub use attributes::Attributes;
pub use config::Config;
pub use event::{Event, Kind};
pub use host::{kv, log, metric, now, random, Level, NoRoom, Refused};
pub use json::{Elements, Fields, Json, JsonKind};
pub use memory::{Allocator, Builder, Scratch};
pub use verdict::{Error, Result, Verdict};

#[cfg(not(target_arch = "wasm32"))]
pub mod testing;

/// What [`filter!`] expands to; nothing of it is for other callers.
#[doc(hidden)]
pub mod __private {
    pub use crate::filter::*;
    pub use crate::host::log_arguments;
    pub use crate::memory::buffer;
}
