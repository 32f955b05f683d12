//! The memory of a filter: relay's buffer, scratch memory that lasts as long as an event, and an allocator for filters
//! without std. All of it grows by pages that nobody else has, and none is given back, as WebAssembly has no way to.

use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;
use core::fmt;
use core::marker::PhantomData;
use core::{ptr, slice, str};

const PAGE: usize = 1 << 16;

/// Returns the address of n fresh zero bytes, n a multiple of PAGE; null if there are none.
#[cfg(target_arch = "wasm32")]
fn pages(n: usize) -> *mut u8 {
    match core::arch::wasm32::memory_grow(0, n / PAGE) {
        usize::MAX => ptr::null_mut(),
        page => (page * PAGE) as *mut u8,
    }
}

#[cfg(not(target_arch = "wasm32"))]
fn pages(n: usize) -> *mut u8 {
    // SAFETY: n is not 0. Leaked, as pages are.
    Layout::from_size_align(n, PAGE).map_or(ptr::null_mut(), |l| unsafe { std::alloc::alloc_zeroed(l) })
}

/// Rounds up to whole pages. None is more than a filter can have.
fn whole_pages(n: usize) -> Option<usize> {
    if n > isize::MAX as usize - PAGE {
        return None;
    }
    Some((n + PAGE - 1) & !(PAGE - 1))
}

/// A run of pages that grows, in place where nothing else lies behind it. Bytes before `at` are in use.
struct Region {
    start: *mut u8,
    size: usize,
    at: usize,
    /// What lies below outlives events.
    floor: usize,
}

impl Region {
    const fn new() -> Self {
        Region { start: ptr::null_mut(), size: 0, at: 0, floor: 0 }
    }

    /// Returns the address of n bytes, aligned to a power of two up to PAGE.
    #[inline]
    fn take(&mut self, n: usize, align: usize) -> Option<*mut u8> {
        let at = (self.at + align - 1) & !(align - 1);
        if self.start.is_null() || n > self.size || at > self.size - n {
            return self.take_slow(n, align);
        }
        self.at = at + n;
        // SAFETY: at + n lies within the region.
        Some(unsafe { self.start.add(at) })
    }

    #[cold]
    #[inline(never)]
    fn take_slow(&mut self, n: usize, align: usize) -> Option<*mut u8> {
        let need = n.max(1).checked_add(align - 1)?;
        let mut size = whole_pages(need.max(self.size))?; // twice as much each time, so that little is left behind
        let mut fresh = pages(size);
        if fresh.is_null() {
            size = whole_pages(need)?;
            fresh = pages(size);
        }
        if fresh.is_null() {
            return None;
        }
        // SAFETY: one past the end of the region.
        if !self.start.is_null() && unsafe { self.start.add(self.size) } == fresh {
            self.size += size;
        } else {
            *self = Region { start: fresh, size, at: 0, floor: 0 };
        }
        self.take(n, align)
    }

    /// Makes the n bytes before `at`, which begin at p, m bytes long, if that can be without moving them.
    #[inline]
    fn resize(&mut self, p: *mut u8, n: usize, m: usize) -> bool {
        let last = !p.is_null() && p.wrapping_add(n) == self.start.wrapping_add(self.at) && n <= self.at;
        if !last || m > self.size - (self.at - n) {
            return false;
        }
        self.at = self.at - n + m;
        true
    }
}

#[cfg(target_arch = "wasm32")]
struct Global<T>(UnsafeCell<T>);

// SAFETY: a filter has one thread.
#[cfg(target_arch = "wasm32")]
unsafe impl<T> Sync for Global<T> {}

/// Calls f with the scratch memory. f must not call it again.
#[cfg(target_arch = "wasm32")]
#[inline]
fn scratch<R>(f: impl FnOnce(&mut Region) -> R) -> R {
    static SCRATCH: Global<Region> = Global(UnsafeCell::new(Region::new()));
    // SAFETY: one thread, and no f calls this again.
    f(unsafe { &mut *SCRATCH.0.get() })
}

#[cfg(not(target_arch = "wasm32"))]
fn scratch<R>(f: impl FnOnce(&mut Region) -> R) -> R {
    std::thread_local!(static SCRATCH: UnsafeCell<Region> = UnsafeCell::new(Region::new()));
    // SAFETY: a thread's own, and no f calls this again.
    SCRATCH.with(|s| f(unsafe { &mut *s.get() }))
}

fn allocate(n: usize, align: usize) -> *mut u8 {
    match scratch(|r| r.take(n, align)) {
        Some(p) => p,
        None => crate::filter::abort("out of memory"),
    }
}

/// Forgets what was made for the event before.
///
/// # Safety
/// No reference into scratch memory may be left.
#[inline]
pub(crate) unsafe fn reset() {
    scratch(|r| r.at = r.floor);
}

/// Lets what is in scratch memory last for ever.
pub(crate) fn keep() {
    scratch(|r| r.floor = r.at);
}

/// Memory that lasts as long as the event at hand (in `on_init`: for ever), for what a handler makes: the next event
/// takes its place. Having one is the proof that there is an event; [`Event::scratch`](crate::Event::scratch) gives it.
#[derive(Clone, Copy)]
pub struct Scratch<'a>(PhantomData<&'a ()>);

impl<'a> Scratch<'a> {
    /// # Safety
    /// `'a` must end before the next reset.
    pub(crate) unsafe fn new() -> Self {
        Scratch(PhantomData)
    }

    /// Returns n zero bytes.
    pub fn zeros(self, n: usize) -> &'a mut [u8] {
        let p = allocate(n, 1);
        // SAFETY: n bytes that are nobody else's until the reset after 'a.
        unsafe {
            ptr::write_bytes(p, 0, n);
            slice::from_raw_parts_mut(p, n)
        }
    }

    /// Returns a copy of bytes, which may be edited.
    pub fn copy(self, bytes: &[u8]) -> &'a mut [u8] {
        let p = allocate(bytes.len(), 1);
        // SAFETY: as above, and so it does not overlap bytes.
        unsafe {
            ptr::copy_nonoverlapping(bytes.as_ptr(), p, bytes.len());
            slice::from_raw_parts_mut(p, bytes.len())
        }
    }

    /// Returns a copy of text.
    pub fn text(self, text: &str) -> &'a str {
        // SAFETY: the bytes of a str.
        unsafe { str::from_utf8_unchecked(self.copy(text.as_bytes())) }
    }

    /// Returns parts, one after the other. It is smaller than [`format`](Self::format), and faster.
    pub fn concat(self, parts: &[&str]) -> &'a str {
        let mut b = self.builder();
        for part in parts {
            b.push(part.as_bytes());
        }
        // SAFETY: the bytes of strs.
        unsafe { str::from_utf8_unchecked(b.bytes()) }
    }

    /// Returns what format_args! describes. [`text!`](crate::text) is shorter.
    pub fn format(self, arguments: fmt::Arguments<'_>) -> &'a str {
        let mut b = self.builder();
        let _ = fmt::Write::write_fmt(&mut b, arguments);
        // SAFETY: write_fmt writes no bytes but those of strs.
        unsafe { str::from_utf8_unchecked(b.bytes()) }
    }

    /// Returns a copy of list, with room for elements of any kind that needs no destructor.
    pub(crate) fn list<T: Copy>(self, n: usize, items: impl Iterator<Item = T>) -> &'a [T] {
        let p = allocate(n * core::mem::size_of::<T>(), core::mem::align_of::<T>()) as *mut T;
        let mut len = 0;
        for item in items.take(n) {
            // SAFETY: len < n.
            unsafe { p.add(len).write(item) };
            len += 1;
        }
        // SAFETY: len of them are written.
        unsafe { slice::from_raw_parts(p, len) }
    }

    /// Returns an empty builder of bytes.
    pub fn builder(self) -> Builder<'a> {
        Builder { start: ptr::null_mut(), len: 0, room: 0, life: PhantomData }
    }
}

/// Bytes that grow, in scratch memory. It takes `write!`, too.
pub struct Builder<'a> {
    start: *mut u8,
    len: usize,
    room: usize,
    life: PhantomData<&'a ()>,
}

impl<'a> Builder<'a> {
    /// Appends bytes.
    #[inline]
    pub fn push(&mut self, bytes: &[u8]) {
        if bytes.len() > self.room - self.len {
            self.grow(bytes.len());
        }
        // SAFETY: there is room, and it is nobody else's.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), self.start.add(self.len), bytes.len()) };
        self.len += bytes.len();
    }

    /// Makes room for more bytes.
    pub fn reserve(&mut self, more: usize) {
        if more > self.room - self.len {
            self.grow(more);
        }
    }

    #[inline(never)]
    fn grow(&mut self, more: usize) {
        let want = match self.len.checked_add(more) {
            Some(n) if n <= isize::MAX as usize / 2 => n.max(2 * self.room).max(64),
            _ => crate::filter::abort("out of memory"),
        };
        if !scratch(|r| r.resize(self.start, self.room, want)) {
            let p = allocate(want, 1);
            if self.len > 0 {
                // SAFETY: both are memory of their own.
                unsafe { ptr::copy_nonoverlapping(self.start, p, self.len) };
            }
            self.start = p;
        }
        self.room = want;
    }

    /// Returns what was appended.
    pub fn bytes(self) -> &'a mut [u8] {
        if self.start.is_null() {
            return &mut [];
        }
        scratch(|r| r.resize(self.start, self.room, self.len));
        // SAFETY: len bytes are written, and nobody else's until the reset after 'a.
        unsafe { slice::from_raw_parts_mut(self.start, self.len) }
    }

    /// Gives the memory back, if nothing was allocated since.
    pub(crate) fn discard(self) {
        scratch(|r| r.resize(self.start, self.room, 0));
    }

    pub(crate) fn so_far(&self) -> &[u8] {
        if self.start.is_null() {
            return &[];
        }
        // SAFETY: len bytes are written.
        unsafe { slice::from_raw_parts(self.start, self.len) }
    }
}

impl fmt::Write for Builder<'_> {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        self.push(s.as_bytes());
        Ok(())
    }
}

#[cfg(target_arch = "wasm32")]
static BUFFER: Global<Region> = Global(UnsafeCell::new(Region::new()));

/// Returns where relay has written.
#[inline]
pub(crate) fn record() -> *const u8 {
    // SAFETY: one thread, and buffer() is not running.
    #[cfg(target_arch = "wasm32")]
    return unsafe { (*BUFFER.0.get()).start };
    #[cfg(not(target_arch = "wasm32"))]
    ptr::null()
}

/// Returns the address of at least `least` bytes that relay may write, 0 if there are none. relay_buffer is this.
#[cfg(target_arch = "wasm32")]
pub fn buffer(least: u32) -> u32 {
    // SAFETY: one thread, and record() is not running.
    let r = unsafe { &mut *BUFFER.0.get() };
    r.at = 0;
    match r.take(least as usize, 1) {
        Some(_) => r.start as u32,
        None => 0,
    }
}

/// Outside WebAssembly there is no relay to write.
#[cfg(not(target_arch = "wasm32"))]
pub fn buffer(_least: u32) -> u32 {
    0
}

/// The allocator of filters without std, by which they have `alloc`'s types: `filter!(no_std, …)` installs it. Sizes are
/// rounded up to powers of two, each of which has a list of what is free: all is O(1), and what was freed is used again.
pub struct Allocator;

#[cfg(target_arch = "wasm32")]
mod allocator {
    use super::*;

    struct Heap {
        fresh: Region,
        free: [*mut u8; usize::BITS as usize], // by exponent; the first word of a free block is the next one
    }

    static HEAP: Global<Heap> =
        Global(UnsafeCell::new(Heap { fresh: Region::new(), free: [ptr::null_mut(); usize::BITS as usize] }));

    fn exponent(l: Layout) -> u32 {
        usize::BITS - (l.size().max(l.align()).max(16) - 1).leading_zeros()
    }

    // SAFETY: blocks are as large and as aligned as their exponent says, and each is either free or in one owner's hands.
    unsafe impl GlobalAlloc for Allocator {
        unsafe fn alloc(&self, l: Layout) -> *mut u8 {
            // SAFETY: one thread, and nothing here calls this again.
            let heap = unsafe { &mut *HEAP.0.get() };
            let e = exponent(l);
            let slot = match heap.free.get_mut(e as usize) {
                Some(slot) if e < 31 => slot,
                _ => return ptr::null_mut(),
            };
            let block = *slot;
            if block.is_null() {
                return heap.fresh.take(1 << e, (1 << e).min(PAGE)).unwrap_or(ptr::null_mut());
            }
            // SAFETY: a free block holds the next one.
            *slot = unsafe { *(block as *mut *mut u8) };
            block
        }

        unsafe fn dealloc(&self, p: *mut u8, l: Layout) {
            // SAFETY: as above.
            let heap = unsafe { &mut *HEAP.0.get() };
            if let Some(slot) = heap.free.get_mut(exponent(l) as usize) {
                // SAFETY: the block is ours again, and has at least 16 bytes.
                unsafe { *(p as *mut *mut u8) = *slot };
                *slot = p;
            }
        }

        unsafe fn realloc(&self, p: *mut u8, l: Layout, size: usize) -> *mut u8 {
            // SAFETY: by the contract of realloc.
            let new = unsafe { Layout::from_size_align_unchecked(size, l.align()) };
            if exponent(new) == exponent(l) {
                return p;
            }
            // SAFETY: by the contract of realloc; the blocks are different ones.
            unsafe {
                let q = self.alloc(new);
                if !q.is_null() {
                    ptr::copy_nonoverlapping(p, q, l.size().min(size));
                    self.dealloc(p, l);
                }
                q
            }
        }
    }
}

/// Outside WebAssembly, where unit tests run, it is the system's.
#[cfg(not(target_arch = "wasm32"))]
// SAFETY: all is the system's.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, l: Layout) -> *mut u8 {
        // SAFETY: as for the caller.
        unsafe { std::alloc::System.alloc(l) }
    }
    unsafe fn dealloc(&self, p: *mut u8, l: Layout) {
        // SAFETY: as for the caller.
        unsafe { std::alloc::System.dealloc(p, l) }
    }
}
