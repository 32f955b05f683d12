//! What [`filter!`](crate::filter!) expands to.

use crate::config::Config;
use crate::event::Event;
use crate::host::{self, Level};
use crate::memory;
use crate::verdict::{answer, Result};
use core::cell::UnsafeCell;
use core::fmt;

/// Generates what relay calls, from handlers by name:
///
/// ```ignore
/// relay::filter! {
///     state: Counter,                  // what handlers get as &mut, before the event
///     on_init: Counter::new,           // fn(Config<'_>) -> relay::Result<'static, Counter>
///     on_event: Counter::filter,       // for<'a> fn(&'a mut Counter, Event<'a>) -> relay::Result<'a>
///     on_connect: Counter::enter,      // the same
///     on_subscribe: Counter::listen,   // the same
///     on_disconnect: Counter::leave,   // fn(&mut Counter, Event<'_>)
/// }
/// ```
///
/// All but one hook may be left out. Without `state:`, handlers get the event alone, and `on_init` returns
/// `relay::Result<'static, ()>`. With `state:` and without `on_init`, the state begins as its `Default`.
///
/// An error of `on_init` keeps the filter from being loaded, with its text for the operator.
///
/// In `on_connect` the event has no payload; its attributes are `path`, `query`, `remote` and `header.NAME` (name in lower
/// case), `connection`, and what filters before this one have set; its topic is the pattern asked for, if it is one. `Pass`
/// accepts; `Refuse`, `Drop` and `Reject` refuse. `ReplaceEvent` accepts, and sets the attributes that the connection's
/// events will carry, and what it subscribes to if the topic is not empty. The request's own attributes are not kept, so a
/// handler may add to those of the event. In `on_subscribe` the topic is the pattern, which `ReplaceEvent` sets, and the
/// attributes are the connection's, as in `on_disconnect`.
///
/// A crate that is `#![no_std]` begins with `no_std`: `relay::filter! { no_std, on_event: filter }`. That installs a handler
/// of panics, and an allocator, for filters that use `extern crate alloc` (which takes Rust 1.68). Both ways a panic is an
/// error in relay's log, with its place, and a trap: the call fails, and the filter's state is as after `on_init`.
#[macro_export]
macro_rules! filter {
    (no_std, $($rest:tt)+) => {
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            #[panic_handler]
            fn panicked(info: &::core::panic::PanicInfo<'_>) -> ! {
                $crate::__private::abort_with(info)
            }
            #[global_allocator]
            static ALLOCATOR: $crate::Allocator = $crate::Allocator;
        };
        $crate::__filter! { [] $($rest)+ }
    };
    ($($rest:tt)+) => {
        $crate::__filter! {
            [::std::panic::set_hook(::std::boxed::Box::new(|info| $crate::__private::log_panic(info)))]
            $($rest)+
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __filter {
    ([$($hook:expr)?] state: $state:ty, $($key:ident: $f:expr),+ $(,)?) => {
        const _: () = {
            static STATE: $crate::__private::State<$state> = $crate::__private::State::new();
            $crate::__exports! { $($key)+ }
            $crate::__init! { [$($hook)?] [$state] $($key: $f,)+ }
            $($crate::__hook! { [$state] $key: $f })+
        };
    };
    ([$($hook:expr)?] $($key:ident: $f:expr),+ $(,)?) => {
        const _: () = {
            static STATE: $crate::__private::State<()> = $crate::__private::State::new();
            $crate::__exports! { $($key)+ }
            $crate::__init! { [$($hook)?] [()] $($key: $f,)+ }
            $($crate::__hook! { [] $key: $f })+
        };
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __exports {
    ($($key:ident)+) => {
        #[no_mangle]
        pub extern "C" fn relay_abi_v1() -> u32 {
            0 $(| $crate::__mask!($key))+
        }
        #[no_mangle]
        pub extern "C" fn relay_buffer(least: u32) -> u32 {
            $crate::__private::buffer(least)
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __mask {
    (on_init) => { 0 };
    (on_event) => { 1 };
    (on_connect) => { 2 };
    (on_subscribe) => { 4 };
    (on_disconnect) => { 8 };
    ($other:ident) => {
        compile_error!(concat!(
            "relay::filter! knows no `", stringify!($other),
            "`; there are: no_std, then state, then on_init, on_event, on_connect, on_subscribe, on_disconnect",
        ))
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __init {
    ([$($hook:expr)?] [$state:ty] on_init: $f:expr, $($rest:tt)*) => {
        #[no_mangle]
        pub extern "C" fn relay_init(len: u32) -> u32 {
            $($hook;)?
            // SAFETY: relay is the caller, and has written len bytes of configuration.
            unsafe { $crate::__private::init(len, &STATE, $f) }
        }
    };
    ($hook:tt $state:tt $key:ident: $f:expr, $($rest:tt)*) => {
        $crate::__init! { $hook $state $($rest)* }
    };
    ([] [()]) => {
        // SAFETY: nothing uses a state that is nothing.
    };
    ([$($hook:expr)?] [$state:ty]) => {
        #[no_mangle]
        pub extern "C" fn relay_init(len: u32) -> u32 {
            $($hook;)?
            // SAFETY: relay is the caller, and has written len bytes of configuration.
            unsafe { $crate::__private::init(len, &STATE, |_| Ok(<$state as ::core::default::Default>::default())) }
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __hook {
    ($state:tt on_init: $f:expr) => {};
    ($state:tt on_event: $f:expr) => { $crate::__export! { $state relay_on_event: $f } };
    ($state:tt on_connect: $f:expr) => { $crate::__export! { $state relay_on_connect: $f } };
    ($state:tt on_subscribe: $f:expr) => { $crate::__export! { $state relay_on_subscribe: $f } };
    ([] on_disconnect: $f:expr) => {
        #[no_mangle]
        pub extern "C" fn relay_on_disconnect(len: u32) {
            // SAFETY: relay is the caller, and has written a record of len bytes.
            unsafe { $crate::__private::notice(len, $f) }
        }
    };
    ([$state:ty] on_disconnect: $f:expr) => {
        #[no_mangle]
        pub extern "C" fn relay_on_disconnect(len: u32) {
            // SAFETY: as above; no other hook is running.
            unsafe { $crate::__private::notice_with(len, &STATE, $f) }
        }
    };
    ($state:tt $other:ident: $f:expr) => {};
}

#[doc(hidden)]
#[macro_export]
macro_rules! __export {
    ([] $name:ident: $f:expr) => {
        #[no_mangle]
        pub extern "C" fn $name(len: u32) -> i64 {
            // SAFETY: relay is the caller, and has written a record of len bytes.
            unsafe { $crate::__private::handle(len, $f) }
        }
    };
    ([$state:ty] $name:ident: $f:expr) => {
        #[no_mangle]
        pub extern "C" fn $name(len: u32) -> i64 {
            // SAFETY: as above; no other hook is running.
            unsafe { $crate::__private::handle_with(len, &STATE, $f) }
        }
    };
}

/// A filter's state, made by on_init.
pub struct State<T>(UnsafeCell<Option<T>>);

// SAFETY: a filter has one thread, and only its exports use its state.
unsafe impl<T> Sync for State<T> {}

impl<T> State<T> {
    #[allow(clippy::new_without_default, missing_docs)]
    pub const fn new() -> Self {
        State(UnsafeCell::new(None))
    }

    /// # Safety
    /// No other reference to the state is left.
    #[allow(clippy::mut_from_ref)]
    #[inline]
    unsafe fn get(&self) -> &mut T {
        // SAFETY: by the caller's word.
        match unsafe { &mut *self.0.get() } {
            Some(state) => state,
            None => abort("called before relay_init"),
        }
    }
}

/// # Safety
/// The buffer holds len bytes of configuration; it is the first call.
pub unsafe fn init<T: 'static, F>(len: u32, state: &State<T>, f: F) -> u32
where
    F: for<'c> FnOnce(Config<'c>) -> Result<'static, T>,
{
    // SAFETY: len bytes are written; f must do with any 'c, so it keeps no config; nobody has the state yet.
    unsafe {
        match f(Config::new(core::slice::from_raw_parts(memory::record(), len as usize))) {
            Ok(made) => {
                memory::keep();
                *state.0.get() = Some(made);
                0
            }
            Err(e) => {
                host::reason(0, e.text());
                1
            }
        }
    }
}

/// # Safety
/// The buffer holds a record of len bytes, and no reference to the event before is left: `F` allows none.
#[inline]
pub unsafe fn handle<F>(len: u32, f: F) -> i64
where
    F: for<'a> FnOnce(Event<'a>) -> Result<'a>,
{
    // SAFETY: by the caller's word.
    unsafe {
        memory::reset();
        answer(f(Event::load(memory::record(), len as usize)))
    }
}

/// # Safety
/// As for handle, and no other hook is running.
#[inline]
pub unsafe fn handle_with<T: 'static, F>(len: u32, state: &State<T>, f: F) -> i64
where
    F: for<'a> FnOnce(&'a mut T, Event<'a>) -> Result<'a>,
{
    // SAFETY: by the caller's word.
    unsafe {
        memory::reset();
        answer(f(state.get(), Event::load(memory::record(), len as usize)))
    }
}

/// # Safety
/// As for handle.
pub unsafe fn notice<F>(len: u32, f: F)
where
    F: for<'a> FnOnce(Event<'a>),
{
    // SAFETY: by the caller's word.
    unsafe {
        memory::reset();
        f(Event::load(memory::record(), len as usize))
    }
}

/// # Safety
/// As for handle_with.
pub unsafe fn notice_with<T: 'static, F>(len: u32, state: &State<T>, f: F)
where
    F: for<'a> FnOnce(&'a mut T, Event<'a>),
{
    // SAFETY: by the caller's word.
    unsafe {
        memory::reset();
        f(state.get(), Event::load(memory::record(), len as usize))
    }
}

/// Logs why, and traps.
#[cold]
#[inline(never)]
pub fn abort(why: &str) -> ! {
    host::log(Level::Error, why);
    trap()
}

/// Logs a panic, and traps. It allocates nothing, since that may be what failed.
pub fn abort_with(panic: &dyn fmt::Display) -> ! {
    log_panic(panic);
    trap()
}

/// Logs a panic.
pub fn log_panic(panic: &dyn fmt::Display) {
    let mut line = Line { bytes: [0; 512], len: 0 };
    let _ = fmt::write(&mut line, format_args!("{}", panic));
    // The bytes are those of a str, but maybe cut within a letter; relay replaces what is no UTF-8.
    host::log_bytes(Level::Error, line.bytes.get(..line.len).unwrap_or(&[]));
}

fn trap() -> ! {
    #[cfg(target_arch = "wasm32")]
    core::arch::wasm32::unreachable();
    #[cfg(not(target_arch = "wasm32"))]
    panic!("the filter stopped");
}

/// As much of a text as a line may have.
struct Line {
    bytes: [u8; 512],
    len: usize,
}

impl fmt::Write for Line {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        for (to, from) in self.bytes.iter_mut().skip(self.len).zip(s.bytes()) {
            *to = from;
            self.len += 1;
        }
        Ok(())
    }
}

/// Formats text into scratch memory: `relay::text!(event, "tenants.{}", name)` is a `&'a str`. `event` may be anything that
/// has `scratch()`.
#[macro_export]
macro_rules! text {
    ($has_scratch:expr, $($arguments:tt)+) => {
        $has_scratch.scratch().format(::core::format_args!($($arguments)+))
    };
}

/// Formats a line for relay's log: `relay::log!(Warn, "{} fields", n)`. Levels are Debug, Info, Warn and Error.
#[macro_export]
macro_rules! log {
    ($level:ident, $($arguments:tt)+) => {
        $crate::__private::log_arguments($crate::Level::$level, ::core::format_args!($($arguments)+))
    };
}
