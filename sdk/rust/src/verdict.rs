use crate::event::Event;
use crate::host::{self, NoRoom, Refused};
use core::fmt;

/// What a handler decides. What it names must last as long as the event: a literal, a part of the event, something in its
/// [`Scratch`](crate::Scratch) memory, or of the filter's state.
#[derive(Clone, Copy)]
pub enum Verdict<'a> {
    /// The event goes on unchanged; the connection or subscription is accepted.
    Pass,
    /// The event ends here, which is fine: its publisher learns the reason, with status 200.
    Drop(&'a str),
    /// The event ends here, and its publisher is at fault: status 422 and the reason.
    Reject(&'a str),
    /// The connection or subscription is refused with an HTTP status from 400 to 599, and the client told the reason; `Drop`
    /// and `Reject` refuse with 403. For an event, which has no status, it is a trap.
    Refuse(u16, &'a str),
    /// The event goes on with another payload of the same kind.
    Replace(&'a [u8]),
    /// This event goes on in its place.
    ReplaceEvent(Event<'a>),
}

/// Says why a handler could not decide. The operator's `on_error` does then; the filter keeps its state.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Error<'a>(&'a str);

/// What a handler returns.
pub type Result<'a, T = Verdict<'a>> = core::result::Result<T, Error<'a>>;

impl<'a> Error<'a> {
    /// Returns an error with this text.
    pub fn new(text: &'a str) -> Self {
        Error(text)
    }

    pub(crate) fn text(self) -> &'a str {
        self.0
    }
}

impl fmt::Display for Error<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl<'a> From<&'a str> for Error<'a> {
    fn from(text: &'a str) -> Self {
        Error(text)
    }
}

macro_rules! texts {
    ($($from:ty: $text:literal),+ $(,)?) => {$(
        impl From<$from> for Error<'_> {
            fn from(_: $from) -> Self {
                Error($text)
            }
        }
    )+};
}

texts! {
    Refused: "too many events emitted in one call",
    NoRoom: "no room in the key-value store",
    fmt::Error: "formatting failed",
    core::str::Utf8Error: "not UTF-8",
    core::num::ParseIntError: "not a whole number",
    core::num::ParseFloatError: "not a number",
    core::str::ParseBoolError: "neither true nor false",
}

const DROP: i64 = 1;
const FAIL: i64 = -1;
const RECORD: i64 = 1 << 31;

/// Tells relay why, where a reason is due, and returns what to answer.
#[inline]
pub(crate) fn answer(r: Result<'_>) -> i64 {
    match r {
        Ok(Verdict::Pass) => 0,
        other => decided(other),
    }
}

#[inline(always)]
fn decided(r: Result<'_>) -> i64 {
    match r {
        Ok(Verdict::Pass) => 0,
        Ok(Verdict::Drop(why)) => {
            host::reason(0, why);
            DROP
        }
        Ok(Verdict::Reject(why)) => {
            host::reason(1, why);
            DROP
        }
        Ok(Verdict::Refuse(status, why)) => {
            host::reason(status.into(), why);
            DROP
        }
        Ok(Verdict::Replace(payload)) => place(payload),
        Ok(Verdict::ReplaceEvent(e)) => place(e.record()) | RECORD,
        Err(e) => {
            host::reason(0, e.text());
            FAIL
        }
    }
}

/// Nothing is nowhere, but an answer must name an address: 8 will do.
fn place(b: &[u8]) -> i64 {
    let at = if b.is_empty() { 8 } else { b.as_ptr() as usize as i64 };
    at << 32 | b.len() as i64
}
