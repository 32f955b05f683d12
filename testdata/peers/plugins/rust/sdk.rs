//! The scan as a filter of relay in Rust.
#![no_std]
use relay::{Event, Verdict};

relay::filter! { no_std, on_event: filter }

fn filter(event: Event<'_>) -> relay::Result<'_> {
    if event.payload().iter().any(|&c| c < b' ') {
        return Ok(Verdict::Drop("control characters"));
    }
    Ok(Verdict::Pass)
}
