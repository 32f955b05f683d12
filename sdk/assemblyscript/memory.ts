// The memory of a filter, for each of the three runtimes of AssemblyScript:
//
// minimal      has a collector that runs when it is told to. Between two calls nothing lies on the stack, so that is when it
//              runs, once as much was made since as is alive, and at least 64 KiB.
// incremental  has a collector that runs by itself.
// stub         has none. Each call begins where the one before began: what a handler made is gone.

/** The length of a record's header. */
export const HEADER: usize = 32;

const STUB = 0;
const MINIMAL = 1;
const PAGE: usize = 1 << 16;

/** Where relay writes. Objects do not move. */
export let buffer: ArrayBuffer = new ArrayBuffer(0);

/** Returns the address of at least `least` bytes that relay may write, 0 if there can be none. */
export function makeRoom(least: u32): usize {
  if (buffer.byteLength == 0 || least > <u32>buffer.byteLength) {
    if (least > 1 << 30) return 0;
    begin();
    buffer = new ArrayBuffer(0); // let the old one go first
    if (ASC_RUNTIME == MINIMAL) __collect();
    buffer = changetype<ArrayBuffer>(__new((<usize>least + PAGE - 1) & ~(PAGE - 1) || PAGE, idof<ArrayBuffer>()));
    if (ASC_RUNTIME == MINIMAL) live.measure();
    if (ASC_RUNTIME == STUB) arena.end = 0;
  }
  return changetype<usize>(buffer);
}

/** Begins a call. Nothing of the call before is in use any more. */
// @ts-ignore: decorator
@inline
export function begin(): void {
  if (ASC_RUNTIME == STUB) arena.reset();
  if (ASC_RUNTIME == MINIMAL) live.collect();
}

/** Bytes for texts on their way to relay. They grow, and are used again. */
export class Room {
  private bytes: ArrayBuffer | null = null;
  private size: usize = 0;
  private epoch: u32 = 0;

  /** Returns the address of n bytes. What was there before is lost. */
  take(n: usize): usize {
    if (ASC_RUNTIME == STUB && this.epoch != arena.epoch) this.size = 0; // the bytes are gone
    if (this.size < n || !this.size) {
      assert(n <= 1 << 30, "out of memory");
      this.size = max<usize>(n, max<usize>(2 * this.size, 256));
      this.bytes = changetype<ArrayBuffer>(__new(this.size, idof<ArrayBuffer>()));
      this.epoch = arena.epoch;
    }
    return changetype<usize>(this.bytes);
  }

  /** Writes text as UTF-8, and returns its length. Its address is take(0). */
  write(text: string): usize {
    const at = this.take(<usize>text.length * 3);
    return encode(text, at);
  }
}

/** Writes text as UTF-8. Half a surrogate pair becomes U+FFFD. */
export function encode(text: string, at: usize): usize {
  return String.UTF8.encodeUnsafe(changetype<usize>(text), text.length, at, false, String.UTF8.ErrorMode.REPLACE);
}

/** Returns text as UTF-8. */
export function encoded(text: string): Uint8Array {
  return Uint8Array.wrap(String.UTF8.encode(text, false, String.UTF8.ErrorMode.REPLACE));
}

/** What is allocated in the runtime stub since the first event. */
namespace arena {
  /** A block of no bytes, before which lies what outlives events; 0 if there is none yet. */
  export let end: usize = 0;
  /** Counts resets, so that what remembers an address can tell that it is one of a call before. */
  export let epoch: u32 = 0;

  /** Makes one block of all that was allocated behind end, and frees it as the last one, which the runtime can. */
  export function reset(): void {
    if (end) {
      const last = __alloc(0);
      if (last != end + BLOCK) {
        store<usize>(end - OVERHEAD, last + BLOCK - OVERHEAD - end);
        epoch++;
      } else {
        __free(last);
      }
      __free(end);
    }
    end = __alloc(0);
  }

  const OVERHEAD: usize = 4; // a block's header, which is its length
  const BLOCK: usize = 16; // a block of no bytes, with its header
}

/** An object by whose place in the collector's list of all objects, the newest last, one sees what was made after it. */
@final
class Mark {}

/** How much is alive, in the runtime minimal. */
namespace live {
  let mark: Mark = new Mark();
  let due: usize = PAGE;
  let made: usize = 0; // before the mark
  const FEW = 16; // objects are walked over again rather than a new mark made

  /** Collects if it is due. */
  // @ts-ignore: decorator
  @inline
  export function collect(): void {
    if (next(header(mark)) >= __heap_base) look();
  }

  function look(): void {
    let objects = 0;
    let bytes: usize = 0;
    for (let o = next(header(mark)); o >= __heap_base; o = next(o)) {
      bytes += size(o);
      objects++;
    }
    if (made + bytes >= due) {
      __collect();
      measure();
    } else if (objects > FEW) {
      made += bytes;
      mark = new Mark();
    }
  }

  /** Walks over all objects, of which some are static and not on the heap. */
  export function measure(): void {
    mark = new Mark();
    made = 0;
    let alive: usize = 0;
    const start = header(mark);
    for (let o = next(start); o != start; o = next(o)) {
      if (o >= __heap_base) alive += size(o);
    }
    due = max(PAGE, alive);
  }

  // Objects begin with these words: size of the block, next object (and two bits), object before, class, size.
  // @ts-ignore: decorator
  @inline
  function header(object: Mark): usize {
    return changetype<usize>(object) - 20;
  }

  // @ts-ignore: decorator
  @inline
  function next(o: usize): usize {
    return load<usize>(o, 4) & ~3;
  }

  // @ts-ignore: decorator
  @inline
  function size(o: usize): usize {
    return (load<usize>(o) & ~3) + 4;
  }
}
